import CEvents
import Glibc
import JSON
import MasterLink
import Supervision
import Text

/// What the master has from ADMIN: jobs, the configuration, the level of the log. The file `link` has it for the next one.
final class LinkDesk {
    /// Who waits for the end of an order.
    enum Customer {
        case job(String)
        /// The configuration with this ETag.
        case configuration(String)
        case nobody
    }

    /// The longest file that is read, in bytes: the output of all jobs that a report may have, escaped.
    private static let longest = 64 << 20

    let box: LinkBox
    /// Readable when the link has left something.
    let bell: Int32
    private let path: String
    private let refusal: String
    private(set) var jobs = MasterJobBook()
    private(set) var logLevel: String?
    private(set) var configuration: LinkSnapshot.Configuration?
    /// The ETag of the configuration file.
    private(set) var fileTag: String?
    /// The last worker that was started without the configuration, which came late; `nil`: there is none.
    private(set) var lateGeneration: Int?
    /// The configuration that is being written.
    private var writingTag: String?
    /// Whether an earlier master was killed while it wrote the file.
    private var isUnknown = false
    private var customers: [Int: Customer] = [:]
    private var lastTicket = 0

    /// Reads what an earlier master has written down. `nil` with `errno`: there is no descriptor left.
    init?(_ settings: MasterSettings) {
        path = settings.directory + "/link"
        refusal = settings.directory + "/token-refused"
        bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard bell >= 0 else { return nil }
        box = LinkBox { [bell] in
            var one: UInt64 = 1
            // It is readable already where there is no room.
            _ = Glibc.write(bell, &one, MemoryLayout<UInt64>.size)
        }
        if let bytes = FileBytes.read(path, limit: Self.longest), let value = try? JSONParser.parse(bytes) {
            fileTag = value["fileTag"]?.string
            logLevel = value["logLevel"]?.string
            if let known = value["configuration"], let tag = known["tag"]?.string, let at = known["at"]?.integer {
                configuration = LinkSnapshot.Configuration(tag: tag, at: at, problem: known["problem"]?.string)
            }
            lateGeneration = value["lateGeneration"]?.integer
            if value["writing"] != nil {
                // It is not known which one the file is.
                fileTag = nil
                isUnknown = true
            }
            if let known = value["jobs"] { jobs = MasterJobBook(known, at: .now) }
        }
        if let path = settings.configuration, access(path, F_OK) != 0 { fileTag = nil }
    }

    /// What the link has left.
    func news() -> [LinkNews] {
        var count: UInt64 = 0
        _ = read(bell, &count, MemoryLayout<UInt64>.size)
        return box.take()
    }

    /// A ticket for an order.
    func ticket(_ customer: Customer) -> Int {
        lastTicket += 1
        customers[lastTicket] = customer
        return lastTicket
    }

    // MARK: Orders

    /// Takes orders. Returns the jobs that are to be begun; they are on the disk.
    func take(_ orders: [MasterJob], logLevel: String?) -> [MasterJob] {
        let before = (jobs, self.logLevel)
        self.logLevel = logLevel
        let begun = jobs.follow(orders, at: .now)
        guard before.0 != jobs || before.1 != logLevel else { return [] }
        guard save(isDurable: !begun.isEmpty) else {
            let reason = "\(path): \(Log.text(errno))"
            for job in begun { jobs.end(job.id, problem: reason, at: .now) }
            return []
        }
        return begun
    }

    /// Notes the end of a job.
    func end(_ id: String, problem: String? = nil, output: String = "") {
        jobs.end(id, problem: problem, output: output, at: .now)
        _ = save()
    }

    /// Notes the end of an order.
    func done(_ ticket: Int, problem: String?, output: String = "") {
        switch customers.removeValue(forKey: ticket) {
        case .job(let id)?: end(id, problem: problem, output: output)
        case .configuration(let tag)? where fileTag.map { $0.isExactly(tag) } ?? false: settle(tag, problem)
        case .configuration?, .nobody?, nil: break
        }
    }

    /// Notes that a reload has left workers as they were: a job has failed, since somebody has asked for it. A configuration is
    /// in its place, as the type has it.
    func notReloaded(_ ticket: Int, _ reason: String) {
        if case .job? = customers[ticket] { done(ticket, problem: reason) } else { done(ticket, problem: nil) }
    }

    /// Ends the jobs whose time is over.
    func expire() {
        let before = jobs
        jobs.expire(at: .now)
        if before != jobs { _ = save() }
    }

    // MARK: The configuration

    /// Whether the file is the configuration with this ETag.
    func has(_ tag: String?) -> Bool { tag.flatMap { tag in fileTag.map { $0.isExactly(tag) } } ?? false }

    /// Writes ADMIN's configuration. Returns whether workers must take it.
    func write(_ tag: String, _ bytes: [UInt8], to path: String) -> Bool {
        if FileBytes.read(path, limit: bytes.count) == bytes {
            // Only the ETag is another, unless an earlier master was killed before its workers had taken it.
            let isTaken = !isUnknown && unsettledTag == nil && configuration?.problem == nil
            fileTag = tag
            isUnknown = false
            if isTaken { settle(tag, nil) } else { _ = save() }
            return !isTaken
        }
        writingTag = tag
        guard save(), FileBytes.replace(path, bytes, mode: 0o640) else {
            let problem = "\(path): \(Log.text(errno))"
            writingTag = nil
            settle(tag, problem)
            return false
        }
        writingTag = nil
        isUnknown = false
        fileTag = tag
        _ = save()
        return true
    }

    /// Workers begin, with the file as it is.
    func workersStart() {
        isUnknown = false
        lateGeneration = nil
        if let fileTag { settle(fileTag, nil) }
    }

    /// Notes that a configuration has come after the workers were started without one.
    ///
    /// - Parameter generation: that of the last worker.
    func takeLate(_ tag: String, generation: Int) {
        settle(tag, "it came after the workers were started without one; they take it when they are started anew")
        lateGeneration = generation
        _ = save()
    }

    /// The configuration of the file, if it is not known whether it is in use.
    var unsettledTag: String? {
        guard let fileTag, !(configuration.map { $0.tag.isExactly(fileTag) } ?? false) else { return nil }
        return fileTag
    }

    /// Notes whether a configuration is in use.
    func settle(_ tag: String, _ problem: String?) {
        configuration = LinkSnapshot.Configuration(tag: tag, at: Moment.now.wall, problem: problem)
        lateGeneration = nil
        _ = save()
    }

    // MARK: The token

    /// Leaves a note for the node that the token is of no use any more, or takes it away.
    func note(isRefused: Bool) {
        guard isRefused else {
            unlink(refusal)
            return
        }
        if !FileBytes.replace(refusal, [], mode: 0o640) { Log.say("\(refusal): \(Log.text(errno))") }
    }

    // MARK: The file

    private func save(isDurable: Bool = false) -> Bool {
        var members: [JSONValue.Member] = [.init(name: "link", value: 1), .init(name: "jobs", value: jobs.json)]
        if let fileTag { members.append(.init(name: "fileTag", value: .string(fileTag))) }
        if let lateGeneration { members.append(.init(name: "lateGeneration", value: .integer(lateGeneration))) }
        if let writingTag { members.append(.init(name: "writing", value: .string(writingTag))) }
        if let logLevel { members.append(.init(name: "logLevel", value: .string(logLevel))) }
        if let configuration {
            var value: [JSONValue.Member] = [
                .init(name: "tag", value: .string(configuration.tag)),
                .init(name: "at", value: .integer(configuration.at)),
            ]
            if let problem = configuration.problem { value.append(.init(name: "problem", value: .string(problem))) }
            members.append(.init(name: "configuration", value: .object(value)))
        }
        let bytes = Array((JSONValue.object(members).description + "\n").utf8)
        return FileBytes.replace(path, bytes, mode: 0o640, isDurable: isDurable)
    }
}
