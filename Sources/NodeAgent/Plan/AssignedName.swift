package import AdminAPI
import Names
import Text
import Versions

/// The rule for names of services on a server.
package enum AssignedName {
    /// The type of a service; `nil` if the text is no name of one.
    package static func type(of service: String) -> String? { ServiceName(service)?.type }
}

/// Why none of the assignments can be carried out.
package struct AssignmentsError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension Assignments {
    /// Checks the document. A job or a build with a fault is refused alone (`refusedJobs`).
    ///
    /// - Throws: the first thing that is wrong with the document as a whole or with a service, with its place.
    package func checked(for server: String) throws(AssignmentsError) -> Assignments {
        guard self.server.isExactly(server) else {
            throw AssignmentsError("they are for the server \(self.server.printed()), and this is \(server.printed())")
        }
        for (name, assignment) in services.sorted(by: { $0.key < $1.key }) {
            let place = "/services/\(name.wrappedValue.printable)"
            guard AssignedName.type(of: name.wrappedValue) != nil else {
                throw AssignmentsError("\(place): this is no name of a service")
            }
            if let version = assignment.version, ContentDigest(version) == nil {
                throw AssignmentsError("\(place)/version: \(version.printed()) is no SHA-256 of a manifest")
            }
        }
        var checked = self
        // What is to be built is judged by each build.
        for id in builds.keys where jobs[id] != nil || refusedJobs[id] != nil {
            checked.builds[id] = nil
            checked.refusedJobs[id] = checked.refusedJobs[id] ?? "a build has the same identifier"
        }
        for id in Set(jobs.keys).union(builds.keys) where !Self.isIdentifier(id.wrappedValue) {
            checked.refuse(id, "this is no identifier of a job")
        }
        for (id, job) in jobs where AssignedName.type(of: job.service) == nil {
            checked.refuse(id, "\(job.service.printed()) is no name of a service")
        }
        return checked
    }

    private mutating func refuse(_ id: ExactText, _ reason: String) {
        (jobs[id], builds[id]) = (nil, nil)
        refusedJobs[id] = reason
    }

    private static func isIdentifier(_ id: String) -> Bool {
        !id.utf8.isEmpty && id.utf8.count <= 64
            && id.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }
    }
}

extension ServiceOrder {
    /// What a checked assignment asks for.
    package init(_ assignment: Assignment) {
        self.init(
            assignment.desired, version: assignment.version.flatMap { ContentDigest($0) }, drive: assignment.drive,
            lease: assignment.lease)
    }
}
