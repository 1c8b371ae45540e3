import Glibc
import Supervision

/// The log of a service: what its processes print, and what the master says.
///
/// Each process has a pipe of its own. Whole lines are moved from there to the file within the kernel, so a master that is
/// killed loses none and writes none twice: what it has not written is still in the pipe, which the keeper holds, too.
/// A line longer than 64 KiB comes in pieces, and is broken where another process prints in between. Whoever prints
/// faster than the disk takes it waits at a full pipe; on a full disk lines are left out and counted instead.
final class ServiceLog {
    /// How often a pipe is looked at when its process has ended: more than it takes to empty it.
    private static let lastLooks = 16
    /// The most pipes. One is kept as long as anybody has its other end, who may outlive the process.
    private static let most = 256
    /// Milliseconds after which it is tried to tell what was left out.
    private static let pause = 1_000

    private let store: KeeperStore
    private let poller: Poller
    private let file: LogFile
    private let memory: LogMemory
    private var view: PipeView
    /// By their descriptors.
    private var pipes: [Int32: OutputPipe] = [:]
    /// Pipes that may have something to be written.
    private var ready: Set<Int32> = []
    /// When it is tried again to tell what was left out, in milliseconds.
    private var tellAt: Int?

    /// Takes over what an earlier master has left. `nil`: there is no log, or it cannot be opened, which is said.
    init?(settings: MasterSettings, store: KeeperStore, poller: Poller) {
        guard let path = settings.log else { return nil }
        self.store = store
        self.poller = poller
        guard let file = LogFile(path: path, limit: settings.logSize, kept: settings.logFiles), let view = PipeView(),
            let memory = LogMemory(
                store.inherited.first { $0.name == .log }?.descriptor, keep: { store.put(.log, $0) })
        else {
            Log.say("\(path): \(Log.text(errno))")
            return nil
        }
        self.file = file
        self.view = view
        self.memory = memory
        for (name, descriptor) in store.inherited {
            guard case .output(let number, let generation) = name else { continue }
            watch(OutputPipe(descriptor, number: number, generation: generation, view: view.size))
        }
        // Of a line that the earlier master was writing, the rest comes first.
        if file.endsInLine {
            let owner = pipes.values.first { $0.generation == memory.openLine }
            if let owner { _ = write(from: owner) } else { memory.openLine = LogMemory.broken }
        } else {
            memory.openLine = 0
        }
        if isOwing { tellAt = 0 }
    }

    private func watch(_ pipe: OutputPipe) {
        let left = pipes.values.filter(\.isLeft)
        if pipes.count >= Self.most, let oldest = left.min(by: { $0.generation < $1.generation }) { close(oldest) }
        pipes[pipe.descriptor] = pipe
        ready.insert(pipe.descriptor)
        poller.add(pipe.descriptor, .output, generation: Int(pipe.descriptor), isEdge: true)
    }

    private func close(_ pipe: OutputPipe) {
        if memory.openLine == pipe.generation, file.append([UInt8(ascii: "\n")]) { memory.openLine = 0 }
        poller.remove(pipe.descriptor)
        store.remove(.output(number: pipe.number, generation: pipe.generation))
        pipes[pipe.descriptor] = nil
        ready.remove(pipe.descriptor)
        Glibc.close(pipe.descriptor)
    }

    // What processes print

    /// Takes the reading end of a process's output.
    func take(_ descriptor: Int32, number: Int, generation: Int) {
        store.put(.output(number: number, generation: generation), descriptor)
        watch(OutputPipe(descriptor, number: number, generation: generation, view: view.size))
    }

    /// There is more in a pipe.
    func note(_ descriptor: Int32) {
        if pipes[descriptor] != nil { ready.insert(descriptor) }
    }

    /// When there is something to do, in milliseconds; `nil`: when more is printed.
    func dueAt(_ now: Int) -> Int? {
        ready.isEmpty ? (pipes.values.compactMap(\.lookAt) + [tellAt].compactMap(\.self)).min() : now
    }

    /// Writes at most 64 KiB of each pipe.
    func work(at now: Int) {
        for pipe in pipes.values where pipe.lookAt.map({ $0 <= now }) ?? false { ready.insert(pipe.descriptor) }
        for descriptor in ready {
            guard let pipe = pipes[descriptor] else { continue }
            guard !write(from: pipe) else { continue }
            ready.remove(descriptor)
            pipes[descriptor]?.lookAgain(after: pipe.begun, at: now)
        }
        guard isOwing else { return tellAt = nil }
        if tellAt.map({ $0 <= now }) ?? true { tellAt = isOwing && !tell() ? now + Self.pause : nil }
    }

    /// Writes what a process has printed that has ended.
    func hearOut(_ generation: Int) {
        guard let pipe = pipes.values.first(where: { $0.generation == generation }) else { return }
        pipes[pipe.descriptor]?.isLeft = true
        for _ in 0..<Self.lastLooks where !write(from: pipe) { return }
    }

    /// Writes what there is at the end of the service.
    func finish() {
        for pipe in pipes.values.sorted(by: { $0.generation < $1.generation }) {
            for _ in 0..<Self.lastLooks where !write(from: pipe, isLast: true) { break }
            if pipes[pipe.descriptor] != nil { close(pipe) }
        }
        _ = tell()
    }

    /// Writes whole lines from a pipe. Returns whether there may be more.
    ///
    /// - Parameter isLast: whether what is no whole line is written, too.
    private func write(from pipe: OutputPipe, isLast: Bool = false) -> Bool {
        let found = view.look(pipe.descriptor, OutputPipe.longest)
        pipes[pipe.descriptor]?.begun = 0
        guard found > 0 else {
            if found == 0 { close(pipe) }
            return false
        }
        var count = view.bytes[..<found].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        if count == 0 {
            guard found >= pipe.piece || isLast || pipe.hasEnded else {
                pipes[pipe.descriptor]?.begun = found
                return false
            }
            count = found
        }
        let moved = isReady(for: count, of: pipe.generation) ? move(count, from: pipe) : 0
        if moved < count { leaveOut(moved..<count, of: pipe) }
        return true
    }

    /// Makes the log ready for bytes of a process. Returns whether they can be written; `errno` says why not.
    private func isReady(for count: Int, of generation: Int) -> Bool {
        guard tell() else { return false }
        if memory.openLine != 0, memory.openLine != generation { guard endLine() else { return false } }
        file.makeRoom(for: count, isInLine: memory.openLine != 0)
        return true
    }

    private func endLine() -> Bool {
        guard memory.openLine != 0 else { return true }
        guard file.append([UInt8(ascii: "\n")]) else { return false }
        memory.openLine = 0
        return true
    }

    private func move(_ count: Int, from pipe: OutputPipe) -> Int {
        let endsLine = view.bytes[count - 1] == UInt8(ascii: "\n")
        // The next master must know whose line it is if this one is killed here.
        memory.openLine = pipe.generation
        let moved = file.move(from: pipe.descriptor, count)
        let number = errno
        if moved == count {
            if endsLine { memory.openLine = 0 }
        } else {
            memory.openLine = file.endsInLine ? LogMemory.broken : 0
        }
        errno = number
        return moved
    }

    // What cannot be written

    /// Whether lines were left out that nobody was told of.
    private var isOwing: Bool { memory.droppedBytes > 0 }

    private func leaveOut(_ range: Range<Int>, of pipe: OutputPipe) {
        memory.reason = errno
        memory.droppedLines += view.bytes[range].count { $0 == UInt8(ascii: "\n") }
        memory.droppedBytes += range.count
        view.discard(pipe.descriptor, range.count)
    }

    /// Writes how much was left out, if anything was. Returns whether nothing more is to be told.
    private func tell() -> Bool {
        guard isOwing else { return true }
        let text =
            "portcullis-master: \(memory.droppedLines) lines (\(memory.droppedBytes) bytes) could not be written, and are lost: "
            + "\(Log.text(memory.reason))\n"
        guard endLine(), file.append(Array(text.utf8)) else { return false }
        memory.droppedLines = 0
        memory.droppedBytes = 0
        return true
    }

    /// Writes a line of the master.
    func say(_ line: [UInt8]) {
        guard tell(), endLine() else { return count(line) }
        file.makeRoom(for: line.count, isInLine: false)
        if !file.append(line) { count(line) }
    }

    private func count(_ line: [UInt8]) {
        memory.reason = errno
        memory.droppedLines += 1
        memory.droppedBytes += line.count
    }
}
