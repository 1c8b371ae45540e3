import CNetlink
import NetworkTypes
import SystemPackage

extension IPVS {
    /// A connection to IPVS of the network namespace in which it was opened.
    ///
    /// One connection has one user: it is not `Sendable`; keep it inside one actor or one thread.
    public final class Connection {
        private let socket: NetlinkSocket
        private var family: GenericNetlinkFamily
        private var buffer = MessageBuffer(capacity: 1 << 18)

        /// The number of commands in one datagram. 22,000 commands then take 22 system calls. Larger batches gain
        /// nothing, and lengthen the answers to a failed one.
        static let batchSize = 1000

        /// Opens the connection. The kernel loads its module, if it can.
        /// - Parameter timeout: how long the kernel may take to answer a request.
        /// - Throws: "this kernel has no IPVS" if it is neither built in nor loadable.
        public init(timeout: Duration = .seconds(10)) throws(NetlinkError) {
            socket = try NetlinkSocket(bus: NETLINK_GENERIC, timeout: timeout)
            family = try GenericNetlinkFamily(named: IPVS_GENL_NAME, on: socket)
        }

        /// Looks up the family again. Its number changes when the module is unloaded and loaded again.
        /// - Returns: whether the number has changed.
        /// - Throws: "this kernel has no IPVS" if the module can no longer be loaded.
        public func findFamily() throws(NetlinkError) -> Bool {
            let known = family.id
            family = try GenericNetlinkFamily(named: IPVS_GENL_NAME, on: socket)
            return family.id != known
        }

        // MARK: Changes

        /// Carries out commands in order. A refused one is reported and does not stop the others.
        /// - Throws: only if the connection itself fails; commands that were sent before may have been carried out.
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
                    // Sequence numbers increase by one and skip 0 when they wrap
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

        /// Lists all virtual services, including those of other programs. Services of protocols other than TCP, UDP
        /// and SCTP are skipped.
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

        /// Lists the real servers of a virtual service with their counters. Like the kernel's, the list is empty if
        /// the service does not exist.
        public func destinations(of service: ServiceIdentity) throws(NetlinkError) -> Dump<DestinationEntry> {
            let family = service.family
            return try destinations(of: service) { DestinationEntry($0, family: family) }
        }

        /// Lists the real servers without counters: the kernel sends the counters in any case, but they are not
        /// decoded.
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

        /// Reads one virtual service; `nil` if there is none.
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

        /// Reads IPVS' version and the size of its connection table.
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

        /// Reads the timeouts, in seconds.
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

        /// Sets the timeouts that are not 0, in seconds.
        public func setTimeouts(_ timeouts: Timeouts) throws(NetlinkError) {
            let command =
                "set IPVS timeouts tcp \(timeouts.tcp) tcp-fin \(timeouts.tcpFin) udp \(timeouts.udp)"
            try request(CommandNumber.setConfig, command) {
                $0.put(timeouts)
            } onReply: { _ in
            }
        }

        // MARK: Sync daemons

        /// The sync daemons that are running: none, a master, a backup, or both.
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

        /// Starts a sync daemon.
        /// - Throws: EEXIST if one of this role is running.
        public func startSyncDaemon(_ daemon: SyncDaemon) throws(NetlinkError) {
            try request(CommandNumber.newDaemon, "start the \(daemon.role) sync daemon on \(daemon.interface)") {
                $0.put(daemon)
            } onReply: { _ in
            }
        }

        /// Stops the sync daemon of a role.
        /// - Throws: ESRCH if none of this role is running.
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
