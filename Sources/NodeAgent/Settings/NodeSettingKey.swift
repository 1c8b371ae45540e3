import AdminClient
import Logging
import Names
public import ServiceSupport
import Text

/// The settings that are one text, by name, each with the one way its text is read. Lists of node.yaml are in
/// `NodeConfiguration+Lists.swift`.
public enum NodeSettingKey: String, SettingKey {
    case adminURL = "admin-url"
    case blobURL = "blob-url"
    case server
    case tokenFile = "token-file"
    case caFile = "ca-file"
    case interval
    case wait
    case timeout
    case root
    case keeper
    case driver
    case unsigned
    case allowLua = "allow-lua"
    case users
    case fetches
    case logSize = "log-size"
    case logFiles = "log-files"
    case logTarget = "log-target"
    case logCAFile = "log-ca-file"
    case logLevel = "log-level"
    case debugger
    case crashDumps = "crash-dumps"

    public static var variablePrefix: String { "PORTCULLIS_NODE_" }

    /// Sets the value from its text.
    /// - Throws: what is wrong with the text, without the place.
    func set(_ text: String, in configuration: inout NodeConfiguration) throws(SettingsError) {
        switch self {
        case .adminURL: configuration.adminURL = try addresses(text)
        case .blobURL: configuration.blobURL = try addresses(text)
        case .server:
            if let problem = ObjectName.problem(with: text, as: .server) {
                throw SettingsError("\(text.printed(atMost: 200)) is no name of a server: it \(problem)")
            }
            configuration.server = text
        case .tokenFile: configuration.tokenFile = try path(text)
        case .caFile: configuration.caFile = try path(text)
        case .interval: configuration.interval = try number(text, in: 1...3_600)
        case .wait: configuration.wait = try number(text, in: 0...3_600)
        case .timeout: configuration.timeout = try number(text, in: 1...3_600)
        case .root:
            guard text.hasBytePrefix("/"), text.utf8.count > 1 else {
                throw SettingsError("\(text.printed(atMost: 200)) is no absolute path of a directory")
            }
            configuration.root = text.hasByteSuffix("/") ? String(Substring(text.utf8.dropLast())) : text
        case .keeper: configuration.keeper = try path(text)
        case .driver:
            guard let driver = DriverSetting(rawValue: text) else {
                let drivers = DriverSetting.allCases.map(\.rawValue).joined(separator: ", ")
                throw SettingsError("\(text.printed(atMost: 200)) is none of \(drivers)")
            }
            configuration.driver = driver
        case .unsigned: configuration.takesUnsigned = try truth(text)
        case .allowLua: configuration.allowsLua = try truth(text)
        case .users: configuration.users = try range(text)
        case .fetches: configuration.fetches = try number(text, in: 1...64)
        case .logSize: configuration.logSize = try number(text, in: 1...1 << 20)
        case .logFiles: configuration.logFiles = try number(text, in: 1...100)
        case .logTarget: configuration.logTarget = try LogTarget(text)
        case .logCAFile: configuration.logCAFile = try path(text)
        case .debugger: configuration.debugger = try path(text)
        case .crashDumps: configuration.crashDumps = try number(text, in: 0...1 << 20)
        case .logLevel:
            guard let level = Logger.Level(rawValue: text) else {
                let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw SettingsError("\(text.printed(atMost: 200)) is none of \(levels)")
            }
            configuration.logLevel = level
        }
    }

    private func addresses(_ text: String) throws(SettingsError) -> AdminURLs {
        do throws(AdminURLError) { return try AdminURLs(text) } catch { throw SettingsError(error.description) }
    }

    private func number(_ text: String, in range: ClosedRange<Int>) throws(SettingsError) -> Int {
        guard let number = Int(text), range.contains(number), String(number).isExactly(text) else {
            throw SettingsError(
                "\(text.printed(atMost: 200)) is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private func truth(_ text: String) throws(SettingsError) -> Bool {
        guard let value = Bool(text) else {
            throw SettingsError("\(text.printed(atMost: 200)) is neither true nor false")
        }
        return value
    }

    private func path(_ text: String) throws(SettingsError) -> String {
        guard !text.utf8.isEmpty else { throw SettingsError("the path is empty") }
        return text
    }

    private func range(_ text: String) throws(SettingsError) -> ClosedRange<UInt32>? {
        if text.isExactly("agent") { return nil }
        let ends = text.splitBytes("-").map { UInt32($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first >= 1_000, first <= last,
            last < UInt32.max - 1
        else {
            throw SettingsError(
                "\(text.printed(atMost: 200)) is neither a range of user numbers from 1000 on nor agent")
        }
        return first...last
    }
}
