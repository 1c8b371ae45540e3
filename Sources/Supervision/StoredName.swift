import Text

/// The names under which a master keeps descriptors with the keeper, for the next master. They have no colon, since the
/// names in LISTEN_FDNAMES are separated by it.
package enum StoredName: Sendable, Hashable {
    /// A worker's socket: `listen/http/8080/2`.
    case listen(SocketName, number: Int)
    /// A process, by its phase: `starting/2/17`, `ready/2/17`, `crashed/2/17`, `hung/2/17`.
    case process(Worker.Phase, number: Int, generation: Int)
    /// The reading end of what its crash part writes to: `crash/2/17`.
    case crash(number: Int, generation: Int)
    /// The master's end of its control socket: `control/2/17`.
    case control(number: Int, generation: Int)
    /// The reading end of what a process prints: `output/2/17`.
    case output(number: Int, generation: Int)
    /// What masters keep of the log, in memory: `log`.
    case log
    /// The workers' notification socket: what they say while no master lives waits there.
    case notify
    /// Where the keeper tells of processes that it has taken. The keeper gives it, nobody stores it.
    case keeper

    package var text: String {
        switch self {
        case .listen(let socket, let number): "listen/\(socket.name)/\(socket.port)/\(number)"
        case .process(let phase, let number, let generation): "\(phase.rawValue)/\(number)/\(generation)"
        case .crash(let number, let generation): "crash/\(number)/\(generation)"
        case .control(let number, let generation): "control/\(number)/\(generation)"
        case .output(let number, let generation): "output/\(number)/\(generation)"
        case .log: "log"
        case .notify: "notify"
        case .keeper: "keeper"
        }
    }

    /// `nil` for a name of another version.
    package init?(_ text: String) {
        let parts = text.splitBytes("/").map(String.init)
        switch parts.count {
        case 1 where parts[0].isExactly("notify"): self = .notify
        case 1 where parts[0].isExactly("keeper"): self = .keeper
        case 1 where parts[0].isExactly("log"): self = .log
        case 4:
            guard parts[0].isExactly("listen"), let port = UInt16(parts[2]), let number = Int(parts[3]) else {
                return nil
            }
            self = .listen(SocketName(name: parts[1], port: port), number: number)
        case 3:
            guard let number = Int(parts[1]), let generation = Int(parts[2]) else { return nil }
            if parts[0].isExactly("crash") {
                self = .crash(number: number, generation: generation)
            } else if parts[0].isExactly("control") {
                self = .control(number: number, generation: generation)
            } else if parts[0].isExactly("output") {
                self = .output(number: number, generation: generation)
            } else if let phase = Worker.Phase(rawValue: parts[0]) {
                self = .process(phase, number: number, generation: generation)
            } else {
                return nil
            }
        default: return nil
        }
    }
}
