public import Netlink

/// Settings of the network namespace that the data plane depends on, as they were read.
public struct KernelSettings: Sendable, Hashable {
    /// Values by name, with each run of white space replaced by one space. Sysctls that this kernel does not have are
    /// absent.
    public var sysctls: [String: String]
    /// IPVS' timeouts in seconds.
    public var timeouts: IPVS.Timeouts

    public init(sysctls: [String: String] = [:], timeouts: IPVS.Timeouts = IPVS.Timeouts()) {
        self.sysctls = sysctls
        self.timeouts = timeouts
    }

    /// The value of a setting; `nil` if the kernel does not have it.
    public subscript(_ setting: KernelSetting) -> String? {
        get {
            switch setting {
            case .sysctl(let name): sysctls[name]
            case .timeout(let timeout): "\(timeouts[keyPath: timeout.path])"
            }
        }
        set {
            switch setting {
            case .sysctl(let name): sysctls[name] = newValue
            case .timeout(let timeout): timeouts[keyPath: timeout.path] = newValue.flatMap { UInt32($0) } ?? 0
            }
        }
    }
}

/// One setting of the network namespace.
public enum KernelSetting: Sendable, Hashable, CustomStringConvertible {
    /// `net.ipv4.ip_forward`
    case sysctl(String)
    case timeout(Timeout)

    /// How long IPVS keeps an idle connection.
    public enum Timeout: String, Sendable, CaseIterable {
        case tcp
        case tcpFin = "tcp-fin"
        case udp

        var path: any WritableKeyPath<IPVS.Timeouts, UInt32> & Sendable {
            switch self {
            case .tcp: \.tcp
            case .tcpFin: \.tcpFin
            case .udp: \.udp
            }
        }
    }

    public var description: String {
        switch self {
        case .sysctl(let name): name
        case .timeout(let timeout): "ipvs timeout \(timeout.rawValue)"
        }
    }
}

/// The correction of one setting.
public struct SettingStep: Sendable, Hashable, CustomStringConvertible {
    /// The setting to change.
    public let setting: KernelSetting
    /// The value that was found.
    public let found: String
    /// The value to set.
    public let wanted: String

    public init(_ setting: KernelSetting, found: String, wanted: String) {
        self.setting = setting
        self.found = found
        self.wanted = wanted
    }

    /// `host ~ net.ipv4.vs.conntrack 1 -> 0`
    public var description: String { "host ~ \(setting) \(found) -> \(wanted)" }
}

/// A setting that is wrong and that Portcullis may not, or could not, change.
public struct SettingDeviation: Codable, Sendable, Hashable, CustomStringConvertible {
    /// The name of the setting.
    public let name: String
    /// The value that was found.
    public let found: String
    /// What happens because of it.
    public let consequence: String
    /// The command that fixes it.
    public let remedy: String

    public var description: String { "\(name) is \(found): \(consequence); fix it with: \(remedy)" }
}
