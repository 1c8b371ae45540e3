import AdminClient
import GatewaySync
import Logging
import Netlink
import NetworkTypes
public import ServiceSupport
import ServicesExport
import Text

/// The settings by name, each with the one way its text is read, whatever source it comes from.
public enum ConfigurationKey: String, SettingKey {
    case adminURL = "admin-url"
    case location
    case name
    case role
    case tokenFile = "token-file"
    case caFile = "ca-file"
    case interval
    case wait
    case timeout
    case stateDirectory = "state-directory"
    case runDirectory = "run-directory"
    case marks
    case drainTime = "drain-time"
    case auditInterval = "audit-interval"
    case foreignServices = "foreign-services"
    case tableOwner = "table-owner"
    case metricsFile = "metrics-file"
    case metricsLimit = "metrics-limit"
    case guardServicesShare = "guard.services-share"
    case guardServicesFloor = "guard.services-floor"
    case guardServersShare = "guard.servers-share"
    case guardServersFloor = "guard.servers-floor"
    case checksUser = "checks-user"
    case logLevel = "log-level"
    case ipvsTimeoutTCP = "ipvs-timeouts.tcp"
    case ipvsTimeoutTCPFin = "ipvs-timeouts.tcp-fin"
    case ipvsTimeoutUDP = "ipvs-timeouts.udp"
    case syncInterface = "sync.interface"
    case syncID = "sync.id"
    case syncDaemons = "sync.daemons"
    case syncMaximumLength = "sync.maximum-length"
    case syncGroup = "sync.group"
    case syncPort = "sync.port"

    public static var variablePrefix: String { "PORTCULLIS_" }

    /// Sets the value from its text.
    /// - Throws: what is wrong with the text, without the place.
    func set(_ text: String, in configuration: inout GatewayConfiguration) throws(SettingsError) {
        switch self {
        case .adminURL: configuration.adminURL = try addresses(text)
        case .location: configuration.location = try name(text)
        case .name: configuration.name = try name(text)
        case .role:
            guard let role = GatewayRole(rawValue: text) else {
                throw SettingsError("\(text.printed(atMost: 200)) is neither active nor passive")
            }
            configuration.role = role
        case .tokenFile: configuration.tokenFile = try path(text)
        case .caFile: configuration.caFile = try path(text)
        case .interval: configuration.interval = try number(text, in: 1...3_600)
        case .wait: configuration.wait = try number(text, in: 0...3_600)
        case .timeout: configuration.timeout = try number(text, in: 1...3_600)
        case .stateDirectory: configuration.stateDirectory = try path(text)
        case .runDirectory: configuration.runDirectory = try path(text)
        case .marks: configuration.marks = try marks(text)
        case .drainTime: configuration.drainTime = try number(text, in: 0...ServicesCSV.maximumDrainTime)
        case .auditInterval: configuration.auditInterval = try number(text, in: 1...86_400)
        case .foreignServices:
            guard let value = ForeignServices(rawValue: text) else {
                throw SettingsError("\(text.printed(atMost: 200)) is neither report nor remove")
            }
            configuration.foreignServices = value
        case .tableOwner:
            guard let isOwned = Bool(text) else {
                throw SettingsError("\(text.printed(atMost: 200)) is neither true nor false")
            }
            configuration.isTableOwned = isOwned
        case .metricsFile: configuration.metricsFile = try path(text)
        case .metricsLimit: configuration.metricsLimit = try number(text, in: 0...1_000_000)
        case .guardServicesShare: configuration.exportGuard.services.share = try number(text, in: 0...100)
        case .guardServicesFloor: configuration.exportGuard.services.floor = try number(text, in: 0...1_000_000)
        case .guardServersShare: configuration.exportGuard.servers.share = try number(text, in: 0...100)
        case .guardServersFloor: configuration.exportGuard.servers.floor = try number(text, in: 0...1_000_000)
        case .checksUser:
            guard !text.isEmpty, text.utf8.count <= 32 else {
                throw SettingsError("\(text.printed(atMost: 200)) is not the name of a user")
            }
            configuration.checksUser = text
        case .logLevel:
            guard let level = Logger.Level(rawValue: text) else {
                let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw SettingsError("\(text.printed(atMost: 200)) is none of \(levels)")
            }
            configuration.logLevel = level
        case .ipvsTimeoutTCP: configuration.timeouts.tcp = UInt32(try number(text, in: 0...2_678_400))
        case .ipvsTimeoutTCPFin: configuration.timeouts.tcpFin = UInt32(try number(text, in: 0...2_678_400))
        case .ipvsTimeoutUDP: configuration.timeouts.udp = UInt32(try number(text, in: 0...2_678_400))
        case .syncInterface: configuration.sync.interface = try interface(text)
        case .syncID: configuration.sync.id = UInt32(try number(text, in: 0...255))
        case .syncDaemons:
            guard let daemons = SyncSettings.Daemons(rawValue: text) else {
                throw SettingsError("\(text.printed(atMost: 200)) is neither by-role nor both")
            }
            configuration.sync.daemons = daemons
        // Outside this range, the kernel would silently use its minimum or maximum (start_sync_thread,
        // net/netfilter/ipvs/ip_vs_sync.c)
        case .syncMaximumLength: configuration.sync.maximumLength = UInt16(try number(text, in: 1_024...65_487))
        case .syncGroup: configuration.sync.group = try group(text)
        case .syncPort: configuration.sync.port = UInt16(try number(text, in: 1...65_535))
        }
    }

    private func addresses(_ text: String) throws(SettingsError) -> AdminURLs {
        do throws(AdminURLError) {
            return try AdminURLs(text)
        } catch {
            switch error.reason {
            case .scheme: throw SettingsError("\(error.shown) is not an http:// or https:// address")
            case .userInformation:
                throw SettingsError(
                    "\(error.shown) has a user or a password, which ADMIN knows nothing of: use token-file")
            case .path, .authority: throw SettingsError(error.description)
            }
        }
    }

    private func number(_ text: String, in range: ClosedRange<Int>) throws(SettingsError) -> Int {
        guard let number = Int(text), range.contains(number), String(number).isExactly(text) else {
            throw SettingsError(
                "\(text.printed(atMost: 200)) is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private func name(_ text: String) throws(SettingsError) -> String {
        guard ServicesCSV.isName(text.utf8) else {
            throw SettingsError("\(text.printed(atMost: 200)) is not a name ([a-z0-9][a-z0-9._-]{0,62})")
        }
        return text
    }

    private func path(_ text: String) throws(SettingsError) -> String {
        guard !text.isEmpty else { throw SettingsError("the path is empty") }
        return text
    }

    /// An interface name that the kernel accepts (`dev_valid_name`): no `/`, no `:`, and no byte that is a space to it.
    private func interface(_ text: String) throws(SettingsError) -> String {
        guard (1...15).contains(text.utf8.count), text != ".", text != "..",
            !text.utf8.contains(where: { [0x20, 0x2F, 0x3A, 0xA0].contains($0) || (0x09...0x0D).contains($0) })
        else { throw SettingsError("\(text.printed(atMost: 200)) is not the name of a network interface") }
        return text
    }

    private func group(_ text: String) throws(SettingsError) -> IPAddress {
        guard let address = IPAddress(text), address.isMulticast else {
            throw SettingsError("\(text.printed(atMost: 200)) is not a multicast address")
        }
        return address
    }

    private func marks(_ text: String) throws(SettingsError) -> ClosedRange<UInt32> {
        let ends = text.splitBytes("-").map { UInt32($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first > 0, first <= last else {
            throw SettingsError("\(text.printed(atMost: 200)) is not a range of marks (256-65535)")
        }
        return first...last
    }
}
