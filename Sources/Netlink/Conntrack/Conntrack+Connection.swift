import CNetlink
public import NetworkTypes
import SystemPackage

extension Conntrack {
    /// A connection to conntrack of the network namespace in which it was opened.
    ///
    /// One connection has one user: it is not `Sendable`; keep it inside one actor or one thread.
    public final class Connection {
        private let socket: NetlinkSocket
        private var buffer = MessageBuffer(capacity: 1 << 12)

        /// - Parameter timeout: how long the kernel may take to answer a request.
        public init(timeout: Duration = .seconds(30)) throws(NetlinkError) {
            socket = try NetlinkSocket(bus: NETLINK_NETFILTER, timeout: timeout)
        }

        /// Lists the flows to a destination, including ended ones. Cost: the kernel walks over its whole table and
        /// returns what matches. For IPv6 it returns the flows to the port at any address, and before Linux 5.8 all
        /// flows of the family; the others are dropped here.
        public func flows(to destination: Destination) throws(NetlinkError) -> Dump<Flow> {
            let sequence = socket.nextSequence()
            buffer.removeAll()
            buffer.flows(to: destination, sequence: sequence)
            return try Dump(on: socket, buffer.bytes, sequence: sequence, command: "list flows to \(destination)") {
                message, flows in
                if let flow = Flow(message), flow.destination == destination { flows.append(flow) }
            }
        }

        /// Lists all TCP, UDP and SCTP flows of a family, including ended ones.
        public func flows(_ family: AddressFamily) throws(NetlinkError) -> Dump<Flow> {
            let sequence = socket.nextSequence()
            buffer.removeAll()
            buffer.flows(family, sequence: sequence)
            return try Dump(on: socket, buffer.bytes, sequence: sequence, command: "list flows over \(family)") {
                message, flows in
                if let flow = Flow(message) { flows.append(flow) }
            }
        }

        /// Makes the kernel forget flows. The next packet of each begins a new flow.
        /// - Returns: how many of them still existed.
        public func delete(_ flows: [Flow]) throws(NetlinkError) -> Int {
            var deleted = 0
            var rest = flows[...]
            while !rest.isEmpty {
                let batch = rest.prefix(Self.batchSize)
                rest = rest.dropFirst(batch.count)
                deleted += batch.count - (try delete(batch))
            }
            return deleted
        }

        /// The number of requests whose answers fit into the receive buffer even if all are refused.
        private static let batchSize = 1_000

        /// - Returns: how many of them no longer existed.
        private func delete(_ flows: ArraySlice<Flow>) throws(NetlinkError) -> Int {
            buffer.removeAll()
            var last: UInt32 = 0
            for (index, flow) in zip(flows.indices, flows) {
                last = socket.nextSequence()
                buffer.delete(flow, acknowledged: index == flows.endIndex - 1, sequence: last)
            }
            var missing = 0
            var refusal: NetlinkError?
            let command = "delete \(flows.count) flows"
            try socket.exchange(
                buffer.bytes, last: last, command: command,
                onAnswer: { answer in
                    switch answer.number {
                    case 0: break
                    case ENOENT: missing += 1
                    default: refusal = NetlinkError(refused: answer.number, command: command, reason: answer.reason)
                    }
                })
            if let refusal { throw refusal }
            return missing
        }
    }
}
