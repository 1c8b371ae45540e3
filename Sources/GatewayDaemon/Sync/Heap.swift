import CMalloc

/// The process' heap.
enum Heap {
    /// Bytes from which a block gets pages of its own, which go back to the system with it.
    private static let largeBlock = 1 << 20
    /// Free bytes at the end of an arena from which they go back to the system.
    private static let trimThreshold = 4 << 20

    /// Gives large blocks pages of their own for ever (mallopt(3)). By default the C library raises both limits, up to
    /// 32 and 64 MiB, as soon as it has freed a large block: the memory of one export too large to accept would stay.
    static func returnLargeBlocks() {
        mallopt(M_MMAP_THRESHOLD, CInt(largeBlock))
        mallopt(M_TRIM_THRESHOLD, CInt(trimThreshold))
    }

    /// Returns free memory to the system, also between pieces in use (malloc_trim(3)).
    static func trim() {
        malloc_trim(0)
    }
}
