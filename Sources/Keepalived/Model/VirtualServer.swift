import HealthChecks
import NetworkTypes
import ServicesExport

/// A `virtual_server`, as far as the cloud can have it.
struct VirtualServer {
    /// Where it takes connections.
    enum Key {
        /// The port `nil`: all ports.
        case address(IPAddress, UInt16?)
        case mark(UInt32)
        case group(String)
    }

    let key: Key
    let place: KeepalivedPlace
    var name: String?
    var transport = TransportProtocol.tcp
    var scheduler = Scheduler.wlc
    var method = ForwardingMethod.masq
    var persistence = 0
    var persistenceMask: Int?
    var isOnePacket: KeepalivedPlace?
    var sorry: Sorry?
    var servers: [RealServer] = []

    struct Sorry {
        let address: IPAddress
        let port: UInt16?
        let place: KeepalivedPlace
    }
}

/// A `real_server`.
struct RealServer {
    let address: IPAddress
    let port: UInt16?
    let place: KeepalivedPlace
    var weight = 1
    var method: ForwardingMethod
    /// `uthreshold`.
    var threshold = 0
    var check: HealthCheck?
    var checkPlace: KeepalivedPlace?
}

/// An entry of a `virtual_server_group`.
struct GroupEntry {
    enum Key {
        case addresses([IPAddress], UInt16?)
        case mark(UInt32)
    }

    let key: Key
    let place: KeepalivedPlace
}

/// The settings that a virtual server hands to its real servers, and these to their checks.
struct CheckSettings {
    var delayLoop: Int?
    var connectTimeout: Int?
    var retry: Int?
    var delayBeforeRetry: Int?
    var virtualHost: String?
    var isInhibited = false
}
