import CNetlink
import Glibc

extension IPVS {
    /// One change. `set` and `delete` need an existing object, `add` a new one.
    public enum Command: Sendable, Hashable {
        case addService(ServiceIdentity, ServiceSettings)
        case setService(ServiceIdentity, ServiceSettings)
        /// Deletes the service with all its real servers.
        case deleteService(ServiceIdentity)
        case addDestination(DestinationIdentity, DestinationSettings, to: ServiceIdentity)
        case setDestination(DestinationIdentity, DestinationSettings, of: ServiceIdentity)
        case deleteDestination(DestinationIdentity, of: ServiceIdentity)
    }

    /// The result of a sequence of commands.
    public struct Report: Sendable, Hashable {
        /// A refused command.
        public struct Failure: Sendable, Hashable {
            /// The index of the command in the sequence.
            public var index: Int
            /// The kernel's error.
            public var error: NetlinkError
        }

        /// How many commands were sent.
        public var sent = 0
        /// The refused commands, in order. The others were carried out.
        public var failures: [Failure] = []
        /// The kernel could not deliver every answer, so some refusals may be missing here. Read the state back.
        public var mustReadBack = false

        public init() {}

        /// Whether all commands were carried out, as far as is known.
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

    /// The meaning of an error number for this command (ip_vs_ctl.c), if it says more than the error's name.
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
