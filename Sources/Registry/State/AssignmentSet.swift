package import AdminAPI
import Cloud
import Crypto
import Names
package import NIOCore
import Rollouts
import Text

/// What each server is to have and to run, belonging to one cloud, ready to be sent. A change makes again only what it
/// can affect; a poll only looks up.
package struct AssignmentSet: Sendable {
    /// The assignments of one server.
    package struct File: Sendable {
        package let document: Assignments
        package let bytes: ByteBuffer
        /// The ETag, including quotes.
        package let etag: String

        init(_ document: Assignments) {
            self.document = document
            let bytes = document.jsonBytes
            self.bytes = ByteBuffer(bytes: bytes)
            etag = "\"\(SHA256.hash(data: bytes).prefix(16).hexadecimal)\""
        }
    }

    package private(set) var byServer: [String: File] = [:]
    /// The ETag of each server's assignments.
    package private(set) var tags: [String: String] = [:]

    /// Walks over the whole cloud.
    init(of cloud: Cloud) { make(Set(cloud.servers.keys), of: cloud) }

    /// The assignments after a change. Cost: walks over all services if any server can be affected.
    func updated(_ difference: CloudDifference, from before: Cloud, to after: Cloud) -> AssignmentSet {
        var servers: Set<String> = []
        for change in difference.changes {
            switch change.kind {
            case .server: servers.insert(change.name)
            case .service:
                for service in [before.services[change.name], after.services[change.name]] {
                    if let service { servers.insert(service.server) }
                }
            case .type where before.lease(of: change.name) != after.lease(of: change.name):
                let services = after.services.values.lazy.filter { $0.type == change.name }
                servers.formUnion(services.map(\.server))
                servers.formUnion(services.compactMap { after.moves[$0.name] }.flatMap { [$0.from, $0.to] })
            case .job:
                // One that has succeeded lets the next begin.
                for job in after.jobs.values where job.id == change.name || job.after == change.name {
                    servers.insert(job.server)
                }
            case .move:
                for move in [before.moves[change.name], after.moves[change.name]] {
                    if let move { servers.formUnion([move.from, move.to]) }
                }
            default: break
            }
        }
        for id in Set(before.remains.keys).union(after.remains.keys) where before.remains[id] != after.remains[id] {
            servers.insert(id.server)
        }
        guard !servers.isEmpty else { return self }
        var set = self
        set.make(servers, of: after)
        return set
    }

    private mutating func make(_ names: Set<String>, of cloud: Cloud) {
        var documents: [String: Assignments] = [:]
        for name in names {
            documents[name] = cloud.servers[name].map { Assignments(server: name, location: $0.location) }
        }
        for (id, left) in cloud.remains where names.contains(id.server) {
            documents[id.server]?.services[ExactText(id.service)] = Assignment(
                desired: left.isPurged ? .purged : .absent, version: nil, drive: left.drive)
        }
        for service in cloud.services.values {
            guard let installation = service.installation, names.contains(service.server) else { continue }
            documents[service.server]?.services[ExactText(service.name)] = Assignment(
                desired: installation.desired == .running ? .running : .stopped, version: installation.digest,
                drive: installation.drive, lease: cloud.lease(of: service.type))
        }
        // A move has the service at two servers.
        for move in cloud.moves.values where move.isOpen {
            guard let service = cloud.services[move.service], let installation = service.installation else { continue }
            for place in move.places where names.contains(place.server) {
                documents[place.server]?.services[ExactText(move.service)] = Assignment(
                    desired: place.wish == .running ? .running : .stopped, version: installation.digest,
                    drive: place.drive, lease: cloud.lease(of: service.type))
            }
        }
        for job in cloud.jobs.values
        where job.end == nil && names.contains(job.server) && cloud.isReleased(job) {
            let id = ExactText(job.id)
            switch job.work {
            case .service(let work):
                documents[job.server]?.jobs[id] = AssignedJob(
                    service: work.service, kind: work.kind, version: work.version, name: work.name,
                    arguments: work.arguments, deadline: job.deadline)
            // Its orders have it: `ServiceOrdersIndex`.
            case .master: continue
            case .build(let work):
                guard cloud.servers[job.server]?.isBuilder == true else { continue }
                documents[job.server]?.builds[id] = AssignedBuild(
                    type: work.type, version: work.version, variant: work.variant, deadline: job.deadline)
            }
        }
        for name in names {
            let file = documents[name].map { File($0) }
            byServer[name] = file
            tags[name] = file?.etag
        }
    }
}

extension Cloud {
    /// The lease of a type's services in seconds; `nil`: they have none.
    fileprivate func lease(of type: String) -> Int? { types[type]?.configuration.onServerLost?.lease }
}
