#include "base/big_stack.h"

#include <pthread.h>

#include "base/check.h"

namespace mlxify::base {

void run_on_big_stack(const std::function<void()>& work) {
    pthread_attr_t attributes;
    MLXIFY_CHECK(pthread_attr_init(&attributes) == 0);
    MLXIFY_CHECK(pthread_attr_setstacksize(&attributes, kBigStack) == 0);
    pthread_t thread{};
    const auto enter = [](void* argument) -> void* {
        (*static_cast<const std::function<void()>*>(argument))();
        return nullptr;
    };
    MLXIFY_CHECK(pthread_create(&thread, &attributes, enter, const_cast<std::function<void()>*>(&work)) == 0);
    MLXIFY_CHECK(pthread_join(thread, nullptr) == 0);
    pthread_attr_destroy(&attributes);
}

}  // namespace mlxify::base
