import CNetlink
import NetworkTypes
import SystemPackage

extension IPVS {
    /// The way to IPVS of the network namespace it was opened in.
    ///
    /// One connection has one user: it is not `Sendable`; keep it inside one actor or one thread.
    public final class Connection {
        private let socket: NetlinkSocket
        private var family: GenericNetlinkFamily
        private var buffer = MessageBuffer(capacity: 1 << 18)

        /// How many commands go into one datagram. 22,000 commands take 22 system calls instead of
        /// 22,000; larger batches gain nothing and make the answers of a failed one longer.
        static let batchSize = 1000

        /// Opens the connection; loads the kernel's module if it can.
        /// - Parameter timeout: how long the kernel may take to answer a request.
        /// - Throws: "this kernel has no IPVS" when it is neither built in nor loadable.
        public init(timeout: Duration = .seconds(10)) throws(NetlinkError) {
            socket = try NetlinkSocket(bus: NETLINK_GENERIC, timeout: timeout)
            family = try GenericNetlinkFamily(named: IPVS_GENL_NAME, on: socket)
        }

        /// Looks the family up again: it has another number after the module was loaded again.
        /// - Returns: whether the number is another one.
        /// - Throws: "this kernel has no IPVS" when the module is gone for good.
        public func findFamily() throws(NetlinkError) -> Bool {
            let known = family.id
            family = try GenericNetlinkFamily(named: IPVS_GENL_NAME, on: socket)
            return family.id != known
        }

        // MARK: Changes

        /// Carries out commands in order. A refused one is reported and does not stop the others.
        /// - Throws: only when the connection itself fails; what was sent before may have been carried out.
        public func apply(_ commands: some Collection<Command>) throws(NetlinkError) -> Report {
            var report = Report()
            var next = commands.startIndex
            while next != commands.endIndex {
                let start = next
                let first = report.sent
                buffer.removeAll()
                var sequences = (first: UInt32(0), last: UInt32(0))
                var count = 0
                var lastOffset = 0
                while next != commands.endIndex, count < Self.batchSize {
                    sequences.last = socket.nextSequence()
                    if count == 0 { sequences.first = sequences.last }
                    lastOffset = buffer.count
                    buffer.put(commands[next], family, flags: .request, sequence: sequences.last)
                    commands.formIndex(after: &next)
                    count += 1
                }
                buffer.insert(.ack, intoMessageAt: lastOffset)
                report.sent += count

                var refusals: [Acknowledgement] = []
                do throws(NetlinkError) {
                    try socket.exchange(
                        buffer.bytes, last: sequences.last, command: "apply \(count) IPVS commands",
                        onAnswer: { if $0.number != 0 { refusals.append($0) } })
                } catch  where error.code == .overflow {
                    report.mustReadBack = true
                }
                for refusal in refusals {
                    // Sequence numbers go up by one and skip 0 when they wrap
                    var distance = Int(refusal.sequence &- sequences.first)
                    if refusal.sequence < sequences.first { distance -= 1 }
                    guard distance >= 0, distance < count else { continue }
                    let command = commands[commands.index(start, offsetBy: distance)]
                    report.failures.append(
                        Report.Failure(
                            index: first + distance,
                            error: NetlinkError(
                                refused: refusal.number, command: "\(command)",
                                reason: refusal.reason ?? command.reason(for: refusal.number))))
                }
            }
            return report
        }

        // MARK: Reading

        /// All virtual services, ours and others'. Services of a protocol other than TCP, UDP and SCTP
        /// are passed over.
        public func services() throws(NetlinkError) -> Dump<ServiceEntry> {
            buffer.removeAll()
            let sequence = socket.nextSequence()
            buffer.ipvs(family, CommandNumber.getService, flags: [.request, .dump], sequence: sequence) { _ in }
            return try Dump(on: socket, buffer.bytes, sequence: sequence, command: "list virtual services") {
                message, entries in
                for attribute in message.attributes(behind: MemoryLayout<genlmsghdr>.size)
                where attribute.type == CommandAttribute.service {
                    if let entry = ServiceEntry(attribute.nested) { entries.append(entry) }
                }
            }
        }

        /// The real servers of a virtual service with what the kernel has counted of them. No such service: an empty
        /// list, as the kernel has it.
        public func destinations(of service: ServiceIdentity) throws(NetlinkError) -> Dump<DestinationEntry> {
            let family = service.family
            return try destinations(of: service) { DestinationEntry($0, family: family) }
        }

        /// The real servers alone: the kernel sends what it has counted in any case, but nothing decodes it.
        public func plainDestinations(of service: ServiceIdentity) throws(NetlinkError) -> Dump<Destination> {
            let family = service.family
            return try destinations(of: service) { Destination($0, family: family) }
        }

        private func destinations<Element>(
            of service: ServiceIdentity, decode: @escaping (AttributeSequence) -> Element?
        ) throws(NetlinkError) -> Dump<Element> {
            buffer.removeAll()
            let sequence = socket.nextSequence()
            buffer.ipvs(family, CommandNumber.getDestination, flags: [.request, .dump], sequence: sequence) {
                $0.put(service)
            }
            return try Dump(on: socket, buffer.bytes, sequence: sequence, command: "list destinations of \(service)") {
                message, elements in
                for attribute in message.attributes(behind: MemoryLayout<genlmsghdr>.size)
                where attribute.type == CommandAttribute.destination {
                    if let element = decode(attribute.nested) { elements.append(element) }
                }
            }
        }

        /// One virtual service; `nil` when there is none.
        public func service(_ identity: ServiceIdentity) throws(NetlinkError) -> ServiceEntry? {
            var entry: ServiceEntry?
            do throws(NetlinkError) {
                try request(CommandNumber.getService, "read service \(identity)") {
                    $0.put(identity)
                } onReply: { message in
                    for attribute in message.attributes(behind: MemoryLayout<genlmsghdr>.size)
                    where attribute.type == CommandAttribute.service {
                        entry = ServiceEntry(attribute.nested)
                    }
                }
            } catch  where error.errno == .noSuchProcess {
                return nil
            }
            return entry
        }

        // MARK: The whole of IPVS

        public func information() throws(NetlinkError) -> Information {
            var information = Information(version: "", connectionTableSize: 0)
            try request(CommandNumber.getInfo, "read IPVS information") { message in
                for attribute in message.attributes(behind: MemoryLayout<genlmsghdr>.size) {
                    let number = attribute.number(UInt32.self) ?? 0
                    switch attribute.type {
                    case InformationAttribute.version:
                        information.version = "\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
                    case InformationAttribute.connectionTableSize: information.connectionTableSize = number
                    default: break
                    }
                }
            }
            return information
        }

        public func timeouts() throws(NetlinkError) -> Timeouts {
            var timeouts = Timeouts()
            try request(CommandNumber.getConfig, "read IPVS timeouts") { message in
                for attribute in message.attributes(behind: MemoryLayout<genlmsghdr>.size) {
                    let number = attribute.number(UInt32.self) ?? 0
                    switch attribute.type {
                    case CommandAttribute.timeoutTCP: timeouts.tcp = number
                    case CommandAttribute.timeoutTCPFin: timeouts.tcpFin = number
                    case CommandAttribute.timeoutUDP: timeouts.udp = number
                    default: break
                    }
                }
            }
            return timeouts
        }

        /// Sets the timeouts that are not 0.
        public func setTimeouts(_ timeouts: Timeouts) throws(NetlinkError) {
            let command =
                "set IPVS timeouts tcp \(timeouts.tcp) tcp-fin \(timeouts.tcpFin) udp \(timeouts.udp)"
            try request(CommandNumber.setConfig, command) {
                $0.put(timeouts)
            } onReply: { _ in
            }
        }

        // MARK: Sync daemons

        /// The sync daemons that run: none, a master, a backup, or both.
        public func syncDaemons() throws(NetlinkError) -> [SyncDaemon] {
            buffer.removeAll()
            let sequence = socket.nextSequence()
            buffer.ipvs(family, CommandNumber.getDaemon, flags: [.request, .dump], sequence: sequence) { _ in }
            let dump = try Dump<SyncDaemon>(
                on: socket, buffer.bytes, sequence: sequence, command: "list sync daemons"
            ) { message, daemons in
                for attribute in message.attributes(behind: MemoryLayout<genlmsghdr>.size)
                where attribute.type == CommandAttribute.daemon {
                    if let daemon = SyncDaemon(attribute.nested) { daemons.append(daemon) }
                }
            }
            return try dump.collect()
        }

        public func startSyncDaemon(_ daemon: SyncDaemon) throws(NetlinkError) {
            try request(CommandNumber.newDaemon, "start the \(daemon.role) sync daemon on \(daemon.interface)") {
                $0.put(daemon)
            } onReply: { _ in
            }
        }

        /// Stops the sync daemon of a role; throws ESRCH when none runs.
        public func stopSyncDaemon(_ role: SyncDaemon.Role) throws(NetlinkError) {
            try request(CommandNumber.deleteDaemon, "stop the \(role) sync daemon") { message in
                message.nest(CommandAttribute.daemon, flagged: true) { $0.put(DaemonAttribute.state, role.rawValue) }
            } onReply: { _ in
            }
        }

        private func request(
            _ number: UInt8, _ command: String, _ body: (inout MessageBuffer) -> Void = { _ in },
            onReply: (MessageView) -> Void
        ) throws(NetlinkError) {
            buffer.removeAll()
            let sequence = socket.nextSequence()
            buffer.ipvs(family, number, flags: [.request, .ack], sequence: sequence, body)
            try socket.request(buffer.bytes, sequence: sequence, command: command, onReply: onReply)
        }
    }
}
