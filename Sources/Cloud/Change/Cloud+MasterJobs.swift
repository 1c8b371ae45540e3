package import Names
import Text

/// A job for the master of a service that somebody asks for.
package struct MasterJobRequest: Sendable, Hashable {
    package var service: String
    package var kind: MasterJobKind
    package var worker: Int?
    package var level: String?
    package var source: String?
    package var session: String?
    package var limit: Int?
    package var reason: String?
    package var createdBy: String
    package var createdAt: String
    package var deadline: String

    package init(
        service: String, kind: MasterJobKind, worker: Int? = nil, level: String? = nil, source: String? = nil,
        session: String? = nil, limit: Int? = nil, reason: String? = nil, createdBy: String, createdAt: String,
        deadline: String
    ) {
        self.service = service
        self.kind = kind
        self.worker = worker
        self.level = level
        self.source = source
        self.session = session
        self.limit = limit
        self.reason = reason
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.deadline = deadline
    }
}

extension Cloud {
    /// Adds a job for the master of a service. One that sets the level of the log sets it for later masters, too.
    ///
    /// Throws `ChangeError` if there is no such service, if the request lacks what its kind needs or has what it does not
    /// take, or if the master has too many jobs. Cost: walks over all jobs.
    ///
    /// - Parameter nonce: makes the identifier unique, also where an older registry was restored.
    package mutating func add(_ request: MasterJobRequest, nonce: UInt32) throws {
        let service = try service(request.service)
        let faults = request.faults
        guard faults.isEmpty else { throw ChangeError.invalid(faults) }
        guard
            jobs.values.count(where: { $0.end == nil && $0.masterWork?.service == service.name })
                < Job.mostOpenOfMaster
        else {
            throw ChangeError.inUse(
                "the master of \(service.name) has \(Job.mostOpenOfMaster) jobs that have not ended, and takes no more")
        }
        if request.kind == .logLevel { logLevels[service.name] = request.level }
        let (number, id) = try nextJob(on: service.server, nonce)
        jobs[id] = Job(
            id: id, number: number, server: service.server, work: .master(request.work(of: service.name)),
            createdBy: request.createdBy, createdAt: request.createdAt, deadline: request.deadline)
    }

    /// Forgets the levels of the logs of services that are gone.
    package mutating func settleLogLevels() {
        for name in logLevels.keys where services[name] == nil { logLevels[name] = nil }
    }
}

extension MasterJobRequest {
    fileprivate var faults: [Fault] {
        var faults: [Fault] = []
        func need(_ condition: Bool, _ member: String, _ detail: String) {
            if !condition { faults.append(Fault(place: .text("#/\(member)"), detail: detail)) }
        }
        let isLua = kind == .lua
        need(kind.takesWorker || worker == nil, "worker", "a job of the kind \(kind.rawValue) is for no single worker")
        need(kind != .restartWorker || worker != nil, "worker", "a worker to be restarted needs its number")
        need(kind == .logLevel || level == nil, "level", "only a job of the kind log-level has a level")
        need(isLua || source == nil, "source", "only a job of the kind lua has a source")
        need(!isLua || source != nil, "source", "a job of the kind lua needs a source")
        need(isLua || session == nil, "session", "only a job of the kind lua has a session")
        need(isLua || limit == nil, "seconds", "only a job of the kind lua has a time limit of its own")
        need(isLua || reason == nil, "reason", "only a job of the kind lua has a reason")
        need(!isLua || reason?.utf8.isEmpty == false, "reason", "a job of the kind lua needs a reason")
        return faults
    }

    fileprivate func work(of service: String) -> Job.MasterWork {
        Job.MasterWork(
            service: service, kind: kind, worker: worker, level: level,
            lua: source.map {
                Job.Lua(source: $0, session: session, limit: limit ?? Job.Lua.defaultLimit, reason: reason ?? "")
            })
    }
}
