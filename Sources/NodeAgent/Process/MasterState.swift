import AdminAPI
import Glibc
import JSON
import ServiceSupport
import Text
import Times

/// What a master has written down of its workers: its file `state`. It belongs to the service's user, so nothing in it is
/// taken on trust.
package enum MasterState {
    /// A file with more is refused: 65 workers take a quarter of it.
    package static let largest = 256 << 10

    /// Reads the file in the master's directory.
    ///
    /// - Returns: `nil`: there is none, or nothing that can be believed.
    static func read(_ directory: String) -> WorkersSituation? {
        bytes(directory).flatMap { WorkersSituation(reading: $0) }
    }

    /// Tells the file from the next one.
    static func identity(_ directory: String) -> Files.Identity? { Files.identity(of: "\(directory)/state") }

    /// The bytes of a regular file that belongs to whom the directory belongs to.
    private static func bytes(_ directory: String) -> [UInt8]? {
        let folder = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return nil }
        defer { close(folder) }
        // Without O_NONBLOCK, a FIFO would be waited for.
        let file = openat(folder, "state", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var (owner, status) = (stat(), stat())
        guard fstat(folder, &owner) == 0, fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_uid == owner.st_uid, status.st_size <= largest
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: largest + 1)
        var size = 0
        while size < bytes.count {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress! + size, $0.count - size) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            size += count
        }
        return size <= largest ? Array(bytes[..<size]) : nil
    }
}

extension WorkersSituation {
    /// Reads a master's state; `nil` if it is something else.
    package init?(reading bytes: [UInt8]) {
        guard bytes.count <= MasterState.largest, let json = try? JSONParser.parse(bytes),
            case .integer(1)? = json["master"], let beginning = json["startedAt"]?.text,
            case .array(let values)? = json["workers"], values.count <= 65
        else { return nil }
        var workers: [Worker] = []
        for value in values {
            guard let worker = Worker(value, since: beginning), !workers.contains(where: { $0.number == worker.number })
            else {
                return nil
            }
            workers.append(worker)
        }
        self.init(workers: workers.sorted { $0.number < $1.number })
        if let text = json["reload"]?["problem"]?.text { reloadProblem = text }
        isReloading = json["phase"]?.text?.isExactly("reloading") ?? false
        reloadedAt = json["reload"]?["at"]?.text
        masterProblem = json["problem"]?.text
    }
}

extension WorkersSituation.Worker {
    /// - Parameter beginning: when the master began.
    fileprivate init?(_ json: JSONValue, since beginning: String) {
        guard let number = json["worker"]?.number(in: 0...64),
            let state = json["state"]?.text.flatMap({ WorkersSituation.State(rawValue: $0) }),
            // A worker in its pause has none: it is since its end.
            case let since = (json["since"] ?? json["lastEnd"]?["at"])?.text ?? beginning,
            InternetTime.date(since) != nil
        else { return nil }
        self.init(number: number, state: state, since: since)
        process = json["pid"]?.number(in: 1...Int(Int32.max)).map { Int32($0) }
        start = json["start"]?.number(in: 1...Int.max).map { UInt64($0) }
        restarts = json["restarts"]?.number(in: 0...1_000_000) ?? 0
        status = json["status"]?.text.flatMap { $0.utf8.isEmpty ? nil : $0 }
        lastEnd = json["lastEnd"].flatMap { WorkersSituation.End($0) }
        left = json["lastEnd"]?["left"]?.number(in: 0...1_000_000) ?? 0
    }
}

extension WorkersSituation.End {
    fileprivate init?(_ json: JSONValue) {
        let code = json["code"]?.number(in: 0...1_000_000) ?? 0
        switch json["kind"]?.text {
        case "exited"?: self = .exited(code)
        case "killed"?: self = .killed(signal: code)
        case "crashed"?: self = .crashed(signal: code)
        case "hung"?: self = .hung(reason: json["reason"]?.text)
        case "not-ready"?: self = .notReady
        case "failed"?: self = .failed(json["reason"]?.text ?? "error \(code)")
        default: return nil
        }
    }
}

extension JSONValue {
    /// A text that is not too long, without control characters.
    fileprivate var text: String? {
        guard case .string(let text) = self else { return nil }
        var line = ""
        for scalar in text.printable.unicodeScalars.prefix(256) { line.unicodeScalars.append(scalar) }
        return line
    }

    fileprivate func number(in range: ClosedRange<Int>) -> Int? {
        guard case .integer(let number) = self, range.contains(number) else { return nil }
        return number
    }
}
