import Text

/// The Lua that ADMIN has run inside workers, by messages on their control sockets (docs/services.md).
package struct LuaConsole: Sendable, Equatable {
    package enum Action: Sendable, Equatable {
        /// A message to a worker.
        case send(generation: Int, String)
        /// A job has ended; `problem`: why it has failed.
        case end(job: String, problem: String?, output: String)
        /// Its source does not end: the worker is to be replaced.
        case replace(generation: Int)
    }

    /// The longest source that the library takes, in bytes.
    package static let longestSource = 60_000
    /// The longest time for a source, in seconds.
    package static let longestTime = 10
    /// How long a session lasts, in seconds.
    private static let sessionTime = 900
    /// The memory of a session, in bytes.
    private static let memory = 4 << 20
    /// The output that is kept, in bytes: its end.
    private static let output = 64 << 10
    /// How long a worker may take beyond the source's own time, in milliseconds: it may be busy.
    private static let patience = 15_000

    private struct Piece: Sendable, Equatable {
        let job: String
        let source: String
        let deadline: Int
        var output: [UInt8] = []
    }

    private struct Session: Sendable, Equatable {
        let generation: Int
        /// ADMIN's name of it; `nil`: it is for one source.
        let name: ExactText?
        var isOpen = false
        var piece: Piece?
    }

    /// By the identifiers that workers know.
    private var sessions: [String: Session] = [:]
    /// What distinguishes the sessions of this master from those of earlier ones.
    private let prefix: String
    private var lastNumber = 0

    /// - Parameter process: that of the master.
    package init(process: Int) { prefix = "m\(process)" }

    /// Which process has the state of a session; `nil`: none yet.
    package func generation(ofSession name: String?) -> Int? {
        guard let name = name.map({ ExactText($0) }) else { return nil }
        return sessions.values.first { $0.name == name }?.generation
    }

    /// Runs a source.
    ///
    /// - Parameter generation: the process in which it is run, which is that of its session.
    package mutating func begin(_ job: String, _ lua: LuaSource, in generation: Int, at now: Moment) -> [Action] {
        func refused(_ problem: String) -> [Action] { [.end(job: job, problem: problem, output: "")] }
        guard lua.source.utf8.count <= Self.longestSource else {
            return refused("the source has more than \(Self.longestSource) bytes")
        }
        let time = min(lua.seconds, Self.longestTime) * 1_000
        let piece = Piece(job: job, source: lua.source, deadline: now.milliseconds + time + Self.patience)
        let name = lua.session.map { ExactText($0) }
        if name != nil, let known = sessions.first(where: { $0.value.name == name })?.key {
            guard sessions[known]?.piece == nil else { return refused("another source of the session is still run") }
            sessions[known]?.piece = piece
            return [.send(generation: generation, "LUA-EVAL \(known) \(piece.source)")]
        }
        lastNumber += 1
        let id = "\(prefix)-\(lastNumber)"
        sessions[id] = Session(generation: generation, name: name, piece: piece)
        return [.send(generation: generation, "LUA-OPEN \(id) \(Self.sessionTime) \(time) \(Self.memory)")]
    }

    /// Takes a message of a worker; `nil`: it is about something else.
    package mutating func take(_ text: String, from generation: Int) -> [Action]? {
        guard text.hasBytePrefix("LUA-") else { return nil }
        let words = text.splitBytes(" ", maxSplits: 2)
        guard words.count >= 2 else { return [] }
        let id = String(words[1])
        let rest = words.count == 3 ? String(words[2]) : ""
        guard let session = sessions[id], session.generation == generation else { return [] }
        switch String(words[0]) {
        case "LUA-OPENED":
            sessions[id]?.isOpen = true
            return session.piece.map { [.send(generation: generation, "LUA-EVAL \(id) \($0.source)")] } ?? []
        case "LUA-OUT":
            keep(Array(rest.utf8), id)
            return []
        case "LUA-RESULT": return finish(id, rest)
        case "LUA-END": return drop(id, problem: "the session has ended: \(rest)")
        case "LUA-TAINTED":
            return drop(id, problem: "it does not end, and the worker is replaced: \(rest)")
                + [.replace(generation: generation)]
        default: return []
        }
    }

    private mutating func keep(_ bytes: [UInt8], _ id: String) {
        guard var output = sessions[id]?.piece?.output else { return }
        output += bytes
        sessions[id]?.piece?.output = output.suffix(Self.output)
    }

    /// Notes the result of a source: `ok`, `error` or `limit`, and a text.
    private mutating func finish(_ id: String, _ rest: String) -> [Action] {
        let words = rest.splitBytes(" ", maxSplits: 1)
        let text = words.count == 2 ? String(words[1]) : ""
        let isFine = words.first.map { $0.isExactly("ok") } ?? false
        // Of an error with a traceback the problem is the first line.
        if isFine ? !text.isEmpty : text.utf8.contains(UInt8(ascii: "\n")) { keep(Array((text + "\n").utf8), id) }
        guard let session = sessions[id], let piece = session.piece else { return [] }
        sessions[id]?.piece = nil
        let problem = isFine ? nil : String(text.splitBytes("\n", maxSplits: 1).first ?? "")
        var actions = [Action.end(job: piece.job, problem: problem, output: Self.text(piece.output))]
        if session.name == nil {
            sessions[id] = nil
            actions.append(.send(generation: session.generation, "LUA-CLOSE \(id)"))
        }
        return actions
    }

    private mutating func drop(_ id: String, problem: String) -> [Action] {
        guard let piece = sessions.removeValue(forKey: id)?.piece else { return [] }
        return [.end(job: piece.job, problem: problem, output: Self.text(piece.output))]
    }

    /// The process has ended, and its sessions with it.
    package mutating func lose(_ generation: Int) -> [Action] {
        sessions.filter { $0.value.generation == generation }.keys.sorted().flatMap { id in
            drop(id, problem: "the worker has ended")
        }
    }

    /// Ends what workers have not answered in time.
    package mutating func expire(at now: Moment) -> [Action] {
        let late = sessions.filter { $0.value.piece.map { $0.deadline <= now.milliseconds } ?? false }
        return late.sorted { $0.key < $1.key }.flatMap { id, session in
            drop(id, problem: "the worker has not answered: it is busy, or has no Lua console")
                + [.send(generation: session.generation, "LUA-CLOSE \(id)")]
        }
    }

    /// When the next source is late, in milliseconds.
    package var nextDeadline: Int? { sessions.values.compactMap { $0.piece?.deadline }.min() }

    /// Text of the output, which may begin in the middle of a character. Not longer than what is kept.
    private static func text(_ bytes: [UInt8]) -> String {
        var text = String(decoding: bytes.drop { $0 & 0xC0 == 0x80 }, as: UTF8.self)
        while text.utf8.count > output { text = String(text.unicodeScalars.dropFirst(text.utf8.count - output)) }
        return text
    }
}
