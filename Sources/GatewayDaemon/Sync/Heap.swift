import Glibc

/// The process' heap.
enum Heap {
    /// Gives memory that is free back to the system, also what lies between pieces in use (malloc_trim(3)). Where the C
    /// library has no such function, nothing happens.
    static func trim() {
        // Swift's module of glibc has no malloc.h.
        guard let function = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(function, to: (@convention(c) (Int) -> CInt).self)(0)
    }
}
