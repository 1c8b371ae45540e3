import CNetlink
import Glibc

extension IPVS {
    /// One change. `set` changes what is there, `add` what is not, `delete` what is.
    public enum Command: Sendable, Hashable {
        case addService(ServiceIdentity, ServiceSettings)
        case setService(ServiceIdentity, ServiceSettings)
        /// Takes the service with all its real servers.
        case deleteService(ServiceIdentity)
        case addDestination(DestinationIdentity, DestinationSettings, to: ServiceIdentity)
        case setDestination(DestinationIdentity, DestinationSettings, of: ServiceIdentity)
        case deleteDestination(DestinationIdentity, of: ServiceIdentity)
    }

    /// What came of a run of commands.
    public struct Report: Sendable, Hashable {
        public struct Failure: Sendable, Hashable {
            /// The command's place in the run.
            public var index: Int
            public var error: NetlinkError
        }

        /// How many commands were sent.
        public var sent = 0
        /// The refused ones in the order of the run. The others were carried out.
        public var failures: [Failure] = []
        /// The kernel could not deliver every answer: there may be refusals that are not listed. Read
        /// back.
        public var mustReadBack = false

        public init() {}

        public var isClean: Bool { failures.isEmpty && !mustReadBack }
    }
}

extension IPVS.Command: CustomStringConvertible {
    /// `add destination 10.1.0.11:8080 to 198.51.100.36:80/tcp`
    public var description: String {
        switch self {
        case .addService(let service, _): "add service \(service)"
        case .setService(let service, _): "change service \(service)"
        case .deleteService(let service): "delete service \(service)"
        case .addDestination(let destination, _, let service): "add destination \(destination) to \(service)"
        case .setDestination(let destination, _, let service): "change destination \(destination) of \(service)"
        case .deleteDestination(let destination, let service): "delete destination \(destination) of \(service)"
        }
    }

    /// What an error number means for the command (ip_vs_ctl.c), when that says more than its name.
    func reason(for number: Int32) -> String? {
        switch (number, self) {
        case (ENOENT, .addService(_, let settings)), (ENOENT, .setService(_, let settings)):
            settings.persistenceEngine.map {
                "scheduler \"\(settings.scheduler)\" or engine \"\($0)\" is not available"
            }
                ?? "scheduler \"\(settings.scheduler)\" is not available"
        case (ENOENT, .addDestination), (ENOENT, .setDestination), (ENOENT, .deleteDestination):
            "the service has no such destination"
        case (ESRCH, _): "no such service"
        case (EEXIST, .addService): "the service is there already"
        case (EEXIST, .addDestination): "the destination is there already"
        case (EPERM, _): "CAP_NET_ADMIN is needed"
        default: nil
        }
    }
}
