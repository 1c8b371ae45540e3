package import AdminClient
import Glibc
public import Logging
package import ServiceSupport
package import Text
package import Versions
import YAML

/// The settings of a node: from /etc/portcullis/node.yaml, then the environment, then flags.
public struct NodeConfiguration: Sendable, Hashable {
    /// ADMIN's addresses. Required unless assignments come from a file.
    package var adminURL: AdminURLs?
    /// Where blobs are fetched, without a token; `nil`: from ADMIN.
    package var blobURL: AdminURLs?
    /// The server's name in ADMIN.
    public var server: String
    /// A file with the server's own bearer token.
    public var tokenFile: String?
    /// Certificates (PEM) to trust instead of the system's.
    public var caFile: String?
    /// Seconds from one poll to the next.
    public var interval = 3
    /// Seconds for which ADMIN may hold its answer until the assignments differ; 0: it answers at once.
    public var wait = 30
    /// Seconds that an answer may take, for each address that is tried.
    public var timeout = 10
    /// The directory of the services, and of the node's own files.
    public var root = "/srv/portcullis"
    /// The program `portcullis-keeper`; `nil`: the one beside this program.
    public var keeper: String?
    /// What starts services; `auto`: systemd where it can be.
    package var driver = DriverSetting.auto
    /// Whether versions may run that nobody signed.
    public var takesUnsigned = false
    /// Whether ADMIN may have Lua run inside services.
    public var allowsLua = false
    /// The numbers of users that are given to services, one for each, where the agent is root; `nil`: all run as the
    /// agent's own user.
    public var users: ClosedRange<UInt32>? = 700_000...765_535
    /// Blobs of a version that are fetched at once.
    public var fetches = 4
    /// Mebibytes of a service's log, after which a new one is begun.
    public var logSize = 16
    /// Older logs that are kept.
    public var logFiles = 3
    /// Where the logs of services are sent; `nil`: nowhere.
    package var logTarget: LogTarget?
    /// Certificates (PEM) that are trusted there instead of the system's.
    public var logCAFile: String?
    /// Types whose services' logs are not sent.
    package var unsentTypes: Set<ExactText> = []
    /// The program gdb, which reads the stacks of processes that crash.
    public var debugger = "/usr/bin/gdb"
    /// Mebibytes for dumps of crashes; 0: none are made.
    public var crashDumps = 256
    /// The lowest level that is logged.
    public var logLevel = Logger.Level.info
    /// The keys whose signatures are taken.
    package var trustedKeys = TrustedKeys([])
    /// Users of the system as which a manifest may have its service run.
    package var allowedUsers: Set<ExactText> = []
    /// Directories for data, each a file system of its own, by name.
    package var drives: [ExactText: String] = [:]
    /// How the types are built that this server builds.
    package var builds: [ExactText: BuildEntry] = [:]

    /// - Parameter server: the host's name.
    init(server: String) { self.server = server }

    /// Reads a configuration.
    /// - Parameters:
    ///   - file: the configuration file; `nil`: there is none.
    ///   - environment: all of it; other variables are left alone.
    ///   - flags: settings from the command line.
    ///   - assignments: those from `--set`.
    ///   - hostName: the server's name where none is set.
    /// - Throws: `YAMLErrors` with all that is wrong in the file, or `SettingsError` with the variable or flag.
    package static func load(
        file: SettingsFile?, environment: [String: String], flags: [(key: NodeSettingKey, value: String)],
        assignments: [(key: NodeSettingKey, value: String)] = [], hostName: String
    ) throws -> NodeConfiguration {
        var configuration = NodeConfiguration(server: hostName.lowercased())
        var diagnostics = YAMLDiagnostics()
        let content = file?.content(of: NodeSettingKey.self, beside: ListKey.allCases.map(\.rawValue), &diagnostics)
        for key in ListKey.allCases {
            if let node = content?.others[key.rawValue] { key.set(node, in: &configuration, &diagnostics) }
        }
        let given = try SettingLayers(
            file: content?.settings ?? [], environment: environment, flags: flags, assignments: assignments)
        try given.apply(&diagnostics) { (key, text) throws(SettingsError) in try key.set(text, in: &configuration) }
        // The host's own name, where none was set, may be none for ADMIN.
        do throws(SettingsError) {
            try NodeSettingKey.server.set(configuration.server, in: &configuration)
        } catch {
            throw SettingsError("server: \(error)")
        }
        return configuration
    }

    /// ADMIN's addresses.
    /// - Throws: when none is set.
    package func requiredAdmin() throws(SettingsError) -> AdminURLs {
        if let adminURL { return adminURL }
        throw SettingsError(
            "admin-url is not set: where is ADMIN? (admin-url in the configuration file, "
                + "\(NodeSettingKey.adminURL.variable), or --admin-url)")
    }

    /// The program that keeps a service.
    /// - Throws: if it is not there.
    package func keeperProgram() throws(SettingsError) -> String {
        let beside = Files.target(of: "/proc/self/exe").map { "\(Folder.parent(of: $0))/portcullis-keeper" }
        let path = keeper ?? beside ?? ""
        guard access(path, X_OK) == 0 else {
            throw SettingsError("\(path.printable) is not there, without which no service can be started (keeper)")
        }
        return path
    }

    /// The program that keeps the workers of a service, beside the one that keeps the service.
    /// - Throws: if it is not there.
    package func masterProgram() throws(SettingsError) -> String {
        let path = "\(Folder.parent(of: try keeperProgram()))/portcullis-master"
        guard access(path, X_OK) == 0 else {
            throw SettingsError(
                "\(path.printable) is not there, without which no service can be started: it belongs beside portcullis-keeper"
            )
        }
        return path
    }
}
