import Glibc
import ServiceSupport
import Synchronization
import Text

/// A user and a group by their numbers.
struct ServiceUser: Sendable, Hashable {
    var user: UInt32
    var group: UInt32
}

/// The user as which a version is built.
struct BuildUser: Sendable {
    /// `nil`: the agent's own.
    var user: ServiceUser?
    var home: String?
}

/// The users as which services run. Where the agent is root each service has a user of its own, whose number it keeps and
/// no other gets: what it has written would be another's.
final class ServiceUsers: Sendable {
    private let path: String
    private let range: ClosedRange<UInt32>?
    private let allowed: Set<ExactText>
    private let lock = Mutex(())

    init(_ configuration: NodeConfiguration) {
        path = NodeDirectory(configuration.root).users
        range = configuration.users
        allowed = configuration.allowedUsers
    }

    /// Begins the list where no service has a directory: from then on it must be there.
    func prepare() throws(FileError) {
        guard geteuid() == 0, range != nil, access(path, F_OK) != 0, errno == ENOENT else { return }
        try Files.replace(path, with: UserList().bytes, isDurable: true)
    }

    /// The user for a service; `nil`: the agent's own.
    ///
    /// - Parameter named: that of the manifest.
    /// - Throws: if it may not have this user, or none is left.
    func user(of service: String, named: String?) throws -> ServiceUser? {
        if let named { return try self.named(named) }
        guard geteuid() == 0, let range else { return nil }
        return try lock.withLock { _ in
            var list = try read()
            if let number = list.numbers[ExactText(service)] { return ServiceUser(user: number, group: number) }
            guard let number = list.give(service, from: range) else {
                throw LaunchError("all users of the setting \"users\" belong to services already")
            }
            try Files.replace(path, with: list.bytes, isDurable: true)
            return ServiceUser(user: number, group: number)
        }
    }

    /// The user as which a type is built.
    ///
    /// - Parameter name: that of node.yaml.
    /// - Throws: if there is none of that name, or it is root, which only `allow-users` permits.
    func builder(of type: String, named name: String?) throws(LaunchError) -> BuildUser {
        let own = geteuid()
        guard let name else {
            guard own != 0 else {
                throw LaunchError(
                    "`builds` of node.yaml has no user for \(type), and portcullis-node is root: nothing is built as root "
                        + "unless that is asked for")
            }
            return BuildUser(user: nil, home: getpwuid(own).map { String(cString: $0.pointee.pw_dir) })
        }
        guard let entry = getpwnam(name) else { throw LaunchError("there is no user \(name.printable) on this server") }
        let home = String(cString: entry.pointee.pw_dir)
        let user = ServiceUser(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
        if user.user == own, own != 0 { return BuildUser(user: nil, home: home) }
        guard own == 0 else {
            throw LaunchError("\(type) is built by the user \(name.printable), and portcullis-node is not root")
        }
        guard user.user != 0, user.group != 0 else {
            guard user.user == 0, allowed.contains(ExactText(name)) else {
                throw LaunchError("\(name.printable) is root or in its group, and is not in allow-users of node.yaml")
            }
            return BuildUser(user: nil, home: home)
        }
        return BuildUser(user: user, home: home)
    }

    private func named(_ name: String) throws(LaunchError) -> ServiceUser? {
        guard let entry = getpwnam(name) else { throw LaunchError("there is no user \(name.printable) on this server") }
        let user = ServiceUser(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
        if user.user == geteuid(), user.user != 0 { return nil }
        guard allowed.contains(ExactText(name)) else {
            throw LaunchError(
                "its manifest asks for the user \(name.printable), who is not in allow-users of node.yaml")
        }
        guard geteuid() == 0 else {
            throw LaunchError("its manifest asks for the user \(name.printable), and portcullis-node is not root")
        }
        return user.user == 0 ? nil : user
    }

    private func read() throws(FileError) -> UserList {
        let remedy = "it says whose data is whose, so put back the one that was there"
        guard let bytes = try Files.read(path) else {
            throw FileError(
                "read", path, reason: "it is not there, although services have directories; \(remedy)")
        }
        do throws(LaunchError) { return try UserList(reading: bytes) } catch {
            throw FileError("read", path, reason: "\(error); \(remedy)")
        }
    }
}
