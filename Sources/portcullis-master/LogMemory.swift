import CMaster
import Glibc

/// What masters keep of the log in memory that outlives them: the keeper has it.
final class LogMemory {
    /// Of `openLine`: of nobody who may go on with it.
    static let broken = -1

    private let words: UnsafeMutablePointer<Int>

    /// - Parameter stored: what an earlier master has left.
    init?(_ stored: Int32?, keep: (Int32) -> Void) {
        let size = 4 * MemoryLayout<Int>.size
        let descriptor = stored ?? master_memory()
        guard descriptor >= 0, ftruncate(descriptor, size) == 0,
            let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), memory != MAP_FAILED
        else { return nil }
        words = memory.bindMemory(to: Int.self, capacity: 4)
        if stored == nil { keep(descriptor) }
        close(descriptor)
    }

    /// The generation of the process that has begun the line in which the log ends; 0: it ends with a whole line.
    var openLine: Int {
        get { words[0] }
        set { words[0] = newValue }
    }

    /// Lines that could not be written, and were not told yet.
    var droppedLines: Int {
        get { words[1] }
        set { words[1] = newValue }
    }

    /// Bytes of what could not be written.
    var droppedBytes: Int {
        get { words[2] }
        set { words[2] = newValue }
    }

    /// The number of the error for which they could not be.
    var reason: Int32 {
        get { Int32(truncatingIfNeeded: words[3]) }
        set { words[3] = Int(newValue) }
    }
}
