import Glibc

/// The process' heap.
enum Heap {
    /// Returns free memory to the system, also between pieces in use (malloc_trim(3)). Does nothing if the C library
    /// has no such function.
    static func trim() {
        // Swift's Glibc module does not include malloc.h.
        guard let function = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(function, to: (@convention(c) (Int) -> CInt).self)(0)
    }
}
