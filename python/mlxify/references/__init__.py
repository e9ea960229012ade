"""Plain-torch references of libraries that cannot run on a CPU.

One folder per library, named like it. When a model imports such a library and the import fails, the torch worker serves the
folder under the library's own name, so everything inside uses relative imports. A reference has the signatures, parameter
names, result structures and dtypes of the library; it is written for clarity and for autograd, not for speed.
"""
