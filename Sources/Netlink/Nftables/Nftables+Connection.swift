import CNetlink
import Glibc
public import SystemPackage

extension Nftables {
    /// A connection to nftables of the network namespace in which it was opened.
    ///
    /// One connection has one user: it is not `Sendable`; keep it inside one actor or one thread.
    public final class Connection {
        let socket: NetlinkSocket
        private var buffer = MessageBuffer(capacity: 1 << 18)

        /// - Parameter timeout: how long the kernel may take to answer a request.
        public init(timeout: Duration = .seconds(30)) throws(NetlinkError) {
            socket = try NetlinkSocket(bus: NETLINK_NETFILTER, timeout: timeout)
        }

        /// Takes over the socket of a connection that was opened elsewhere. Tables that the socket owns can be
        /// changed only through it.
        public init(adopting descriptor: FileDescriptor, timeout: Duration = .seconds(30)) throws(NetlinkError) {
            socket = try NetlinkSocket(adopting: descriptor, bus: NETLINK_NETFILTER, timeout: timeout)
        }

        /// The socket, for a process that keeps it and passes it on. The connection still closes it.
        public var descriptor: FileDescriptor { socket.descriptor }

        /// The kernel's identifier of this connection; events of its own changes have it (`Event.portID`).
        public var portID: UInt32 { socket.portID }

        // MARK: Changes

        /// Carries out a transaction as a whole or not at all.
        /// - Parameter generation: carries it out only if the ruleset is still of this generation, as `generation()`
        ///   or a snapshot returned it.
        /// - Throws: `.retry` if another program's transaction came in between, `.overflow` if the result is unknown
        ///   (read back), `.refused` with the first operation that failed.
        public func commit(_ transaction: Transaction, ifGeneration generation: UInt32? = nil) throws(NetlinkError) {
            guard !transaction.isEmpty else { return }
            let socket = socket
            let encoder = TransactionEncoder(
                transaction, into: MessageBuffer(), generation: generation, nextSequence: { socket.nextSequence() })
            let first = encoder.firstSequence
            let table = transaction.table
            var failure: NetlinkError?
            try socket.exchange(
                encoder.buffer.bytes, last: encoder.lastSequence, whole: first, command: "change table \(table)",
                onAnswer: { answer in
                    guard answer.number != 0, failure == nil else { return }
                    failure = Self.error(answer, transaction, encoder)
                })
            if let failure { throw failure }
        }

        private static func error(
            _ answer: Acknowledgement, _ transaction: Transaction, _ encoder: borrowing TransactionEncoder
        ) -> NetlinkError {
            let place = Int(answer.sequence &- encoder.firstSequence) - 1
            guard encoder.messages.indices.contains(place) else {
                return NetlinkError(
                    refused: answer.number, command: "change table \(transaction.table)",
                    reason: answer.reason ?? (answer.number == EPERM ? "CAP_NET_ADMIN is needed" : nil))
            }
            let operation = transaction.operations[encoder.messages[place].operation]
            var command = operation.text(on: transaction.table)
            switch operation {
            case .addElements(let elements, let set), .deleteElements(let elements, let set):
                if let index = encoder.element(of: place, at: answer.offset), elements.indices.contains(index) {
                    command += ": \(elements[index].text(in: set))"
                }
            default: break
            }
            return NetlinkError(refused: answer.number, command: command, reason: answer.reason)
        }

        // MARK: Reading

        /// The number of the ruleset's current generation, which increases with each transaction of any program.
        public func generation() throws(NetlinkError) -> UInt32 {
            var generation: UInt32?
            try request(NFT_MSG_GETGEN, .inet, "read the ruleset's generation", { _ in }) { message in
                for attribute in message.attributes(behind: MemoryLayout<nfgenmsg>.size)
                where attribute.type == UInt16(NFTA_GEN_ID.rawValue) {
                    generation = attribute.bigEndian(UInt32.self)
                }
            }
            guard let generation else {
                throw NetlinkError(code: .malformed, command: "read the ruleset's generation")
            }
            return generation
        }

        /// Sends a request that is acknowledged, and passes on its replies.
        func request(
            _ type: nf_tables_msg_types, _ family: Family, _ command: String,
            _ body: (inout MessageBuffer) -> Void, onReply: (MessageView) -> Void
        ) throws(NetlinkError) {
            let sequence = write(type, family, flags: [.request, .ack], body)
            try socket.request(buffer.bytes, sequence: sequence, command: command, onReply: onReply)
        }

        /// Starts a dump; without a family, of all families.
        func dump<Element>(
            _ type: nf_tables_msg_types, _ family: Family?, _ command: String,
            _ body: (inout MessageBuffer) -> Void,
            decode: @escaping Dump<Element>.Decoder
        ) throws(NetlinkError) -> Dump<Element> {
            let sequence = write(type, family, flags: [.request, .dump], body)
            return try Dump(on: socket, buffer.bytes, sequence: sequence, command: command, decode: decode)
        }

        private func write(
            _ type: nf_tables_msg_types, _ family: Family?, flags: MessageFlags, _ body: (inout MessageBuffer) -> Void
        ) -> UInt32 {
            let sequence = socket.nextSequence()
            buffer.removeAll()
            buffer.message(type: cnl_nft_type(UInt16(type.rawValue)), flags: flags, sequence: sequence) { message in
                message.header(nfgenmsg(nfgen_family: family?.rawValue ?? 0, version: UInt8(NFNETLINK_V0), res_id: 0))
                body(&message)
            }
            return sequence
        }
    }
}

extension TransactionEncoder {
    /// The index of the operation's element that stands at an offset of a message (`NLMSGERR_ATTR_OFFS`).
    func element(of place: Int, at offset: Int?) -> Int? {
        guard let offset, let message = MessageView(in: buffer.bytes, at: messages[place].offset),
            let start = message.pointer
        else { return nil }
        let target = UnsafeRawPointer(start) + offset
        for attribute in message.attributes(behind: MemoryLayout<nfgenmsg>.size)
        where attribute.type == UInt16(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue) {
            for (index, element) in attribute.nested.enumerated() {
                guard let base = element.payload.baseAddress else { continue }
                let end = base + element.payload.count
                if target >= base - MemoryLayout<nlattr>.size, target < end {
                    return messages[place].firstElement + index
                }
            }
        }
        return nil
    }
}
