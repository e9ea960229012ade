#include "verify/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace mlxify::verify {
namespace {

class SafetensorsTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string folder = (std::filesystem::temp_directory_path() / "mlxify-test-XXXXXX").string();
        ASSERT_NE(::mkdtemp(folder.data()), nullptr);
        folder_ = folder;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string path(const std::string& name = "a.safetensors") const { return folder_ + "/" + name; }

    // A file with this header and this much data.
    std::string with(const std::string& header, std::size_t data_bytes) const {
        std::ofstream file(path(), std::ios::binary);
        const std::uint64_t length = header.size();
        file.write(reinterpret_cast<const char*>(&length), 8);
        file << header << std::string(data_bytes, '\0');
        return path();
    }

    std::string folder_;
};

template <typename T>
OwnedArray array_of(ArrayType type, std::vector<std::int64_t> shape, const std::vector<T>& values) {
    OwnedArray array{type, std::move(shape), std::vector<std::byte>(values.size() * sizeof(T))};
    std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
    return array;
}

TEST_F(SafetensorsTest, GivesBackWhatWasWritten) {
    const std::map<std::string, OwnedArray> arrays = {
        {"floats", array_of<float>(ArrayType::float32, {2, 2}, {1.5F, -2, 0, INFINITY})},
        {"ids", array_of<std::int64_t>(ArrayType::int64, {3}, {-1, 0, 1LL << 60})},
        {"empty", array_of<float>(ArrayType::float32, {0, 4}, {})},
        {"scalar", array_of<double>(ArrayType::float64, {}, {0.25})},
        {"flags", array_of<std::uint8_t>(ArrayType::boolean, {2}, {1, 0})},
        {"waves", array_of<float>(ArrayType::complex64, {1}, {3, 4})},
    };
    ASSERT_TRUE(write_arrays(path(), arrays, {{"spec", "{}"}}));
    const auto file = ArrayFile::open(path());
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->arrays().size(), arrays.size());
    EXPECT_EQ(file->metadata().at("spec"), "{}");
    EXPECT_EQ(file->find("floats")->shape, (std::vector<std::int64_t>{2, 2}));
    EXPECT_EQ(file->find("floats")->real(1), -2);
    EXPECT_TRUE(std::isinf(file->find("floats")->real(3)));
    EXPECT_EQ(file->find("ids")->integer(2), 1LL << 60);
    EXPECT_EQ(file->find("empty")->size(), 0U);
    EXPECT_EQ(file->find("scalar")->real(0), 0.25);
    EXPECT_EQ(file->find("flags")->integer(0), 1);
    EXPECT_EQ(file->find("waves")->imaginary(0), 4);
    EXPECT_EQ(file->find("absent"), nullptr);
}

TEST_F(SafetensorsTest, RefusesDamagedFiles) {
    const auto refuses = [&](const std::string& header, std::size_t bytes) {
        return !ArrayFile::open(with(header, bytes)).has_value();
    };
    EXPECT_FALSE(ArrayFile::open(path("absent")).has_value());
    EXPECT_TRUE(refuses("", 0));
    EXPECT_TRUE(refuses("[]", 0));
    EXPECT_TRUE(refuses("{\"a\": 1}", 0));
    EXPECT_TRUE(refuses(R"({"a": {"dtype": "F32", "shape": [2]}})", 8));
    EXPECT_TRUE(refuses(R"({"a": {"dtype": "F33", "shape": [2], "data_offsets": [0, 8]}})", 8));
    EXPECT_TRUE(refuses(R"({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}})", 8)) << "shape and range";
    EXPECT_TRUE(refuses(R"({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}})", 8));
    EXPECT_TRUE(refuses(R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}})", 8));
    EXPECT_TRUE(refuses(R"({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}})", 8)) << "past the end";
    EXPECT_TRUE(refuses(R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})", 12)) << "data after the last array";
    EXPECT_TRUE(refuses(R"({"a": {"dtype": "F32", "shape": [4294967296, 4294967296, 4294967296], "data_offsets": [0, 8]}})", 8));
    EXPECT_TRUE(refuses(R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                            "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}})", 12)) << "overlap";
    EXPECT_TRUE(refuses(R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                            "b": {"dtype": "F32", "shape": [2], "data_offsets": [12, 20]}})", 20)) << "gap";
    EXPECT_FALSE(refuses(R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})", 8));
}

TEST_F(SafetensorsTest, RefusesAHeaderLongerThanTheFile) {
    std::ofstream file(path(), std::ios::binary);
    const std::uint64_t length = ~std::uint64_t{0};
    file.write(reinterpret_cast<const char*>(&length), 8);
    file.close();
    EXPECT_FALSE(ArrayFile::open(path()).has_value());
}

TEST(HalfPrecision, ReadsEveryKindOfNumber) {
    EXPECT_EQ(half_to_double(0x3c00), 1.0);
    EXPECT_EQ(half_to_double(0xc000), -2.0);
    EXPECT_EQ(half_to_double(0x0001), std::ldexp(1.0, -24));
    EXPECT_EQ(half_to_double(0x7bff), 65504.0);
    EXPECT_TRUE(std::isinf(half_to_double(0x7c00)));
    EXPECT_TRUE(std::isnan(half_to_double(0x7e00)));
    EXPECT_EQ(bfloat16_to_double(0x3f80), 1.0);
    EXPECT_EQ(bfloat16_to_double(0xc040), -3.0);
}

}  // namespace
}  // namespace mlxify::verify
