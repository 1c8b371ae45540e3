package import AdminAPI
import Names
import Text
import Versions

/// The rule for names of services on a server.
package enum AssignedName {
    /// The type of a service; `nil` if the text is no name of one.
    package static func type(of service: String) -> String? { ServiceName(service)?.type }
}

/// Assignments that cannot be carried out as a whole: what is wrong with them.
package struct AssignmentsError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension Assignments {
    /// Checks the document as a whole.
    ///
    /// - Throws: the first thing that is wrong, with its place.
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
        // What is to be built is judged by each build: a wrong name is no reason to stop the rest.
        for (place, ids) in [("jobs", Array(jobs.keys)), ("builds", Array(builds.keys))] {
            guard let wrong = ids.first(where: { !Self.isIdentifier($0.wrappedValue) }) else { continue }
            throw AssignmentsError("/\(place): \(wrong.wrappedValue.printed()) is no identifier of a job")
        }
        if let id = builds.keys.first(where: { jobs[$0] != nil }) {
            throw AssignmentsError("/builds: \(id.wrappedValue) is the identifier of a job for a service, too")
        }
        for (id, job) in jobs {
            guard AssignedName.type(of: job.service) != nil else {
                throw AssignmentsError(
                    "/jobs/\(id.wrappedValue)/service: \(job.service.printed()) is no name of a service")
            }
        }
        return self
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
