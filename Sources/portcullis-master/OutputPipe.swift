import CMaster
import Glibc

/// The reading end of what a process prints. Bytes stay in it until they are in the log.
struct OutputPipe {
    /// The size that is asked for, and the longest piece that is written at once.
    static let size: Int32 = 256 << 10
    static let longest = 64 << 10

    let number: Int
    let generation: Int
    let descriptor: Int32
    /// Bytes without the end of a line that are written all the same: a full pipe must be emptied.
    let piece: Int
    /// Whether its process has ended, and only what that has left behind can print.
    var isLeft = false
    /// Bytes of a line without its end that were left in it by the last look.
    var begun = 0
    /// When it is looked at again although nothing was told of it, in milliseconds.
    private(set) var lookAt: Int?
    private var pause = shortestPause

    private static let shortestPause = 2
    private static let longestPause = 1_000

    /// - Parameters:
    ///   - descriptor: becomes this value's own.
    ///   - view: the size of the pipe through which it is looked at.
    init(_ descriptor: Int32, number: Int, generation: Int, view: Int) {
        self.descriptor = descriptor
        self.number = number
        self.generation = generation
        // Beyond the limits of the user it stays as it is. Half of its bytes can be unused when it is full.
        let size = Int(master_pipe_size(descriptor, Self.size))
        piece = min(Self.longest, max(min(size, view) / 2, 2_048))
    }

    /// Sees to another look if the beginning of a line is left in it. The kernel does not tell of what a write adds to a pipe
    /// that is not empty until that write has ended (pipe_write() in fs/pipe.c of Linux): one that is larger than the pipe
    /// waits for whoever reads, and is not told of.
    ///
    /// - Parameter before: what was left in it by the look before.
    mutating func lookAgain(after before: Int, at now: Int) {
        pause = begun == before ? min(pause * 2, Self.longestPause) : Self.shortestPause
        lookAt = begun > 0 ? now + pause : nil
    }

    /// Whether nobody can print any more.
    var hasEnded: Bool {
        var waiting = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&waiting, 1, 0) == 1 && waiting.revents & Int16(POLLHUP) != 0
    }
}

/// Looks at what is in a pipe without taking it (tee(2)).
struct PipeView {
    private var ends: [Int32] = [-1, -1]
    /// How many bytes it can hold.
    let size: Int
    private(set) var bytes = [UInt8](repeating: 0, count: OutputPipe.longest)

    /// `nil` with `errno` if there is none.
    init?() {
        guard master_pipe(&ends, 1) == 0 else { return nil }
        size = Int(master_pipe_size(ends[1], OutputPipe.size))
    }

    /// How many bytes are there, up to `limit`: `bytes` begins with them. 0: none, and nobody will write any; -1: none yet.
    mutating func look(_ pipe: Int32, _ limit: Int) -> Int {
        let count = master_look(pipe, ends[1], limit)
        guard count > 0 else { return count }
        var taken = 0
        while taken < count {
            let more = bytes.withUnsafeMutableBytes { read(ends[0], $0.baseAddress! + taken, count - taken) }
            if more < 0 && errno == EINTR { continue }
            guard more > 0 else { break }
            taken += more
        }
        return taken
    }

    /// Takes bytes out of a pipe that are in it.
    mutating func discard(_ pipe: Int32, _ count: Int) {
        var left = count
        while left > 0 {
            let more = bytes.withUnsafeMutableBytes { read(pipe, $0.baseAddress, min(left, $0.count)) }
            if more < 0 && errno == EINTR { continue }
            guard more > 0 else { return }
            left -= more
        }
    }
}
