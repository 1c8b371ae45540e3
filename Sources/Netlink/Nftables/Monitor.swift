import CNetlink
public import SystemPackage

extension Nftables {
    /// A change of the ruleset by any program, as the kernel announces it afterwards.
    public struct Event: Sendable, Hashable {
        /// The kind of object that changed, with its name.
        public enum Subject: Sendable, Hashable {
            case table
            case chain(String)
            case rule(chain: String)
            case set(String)
            case elements(of: String)
            case object(String)
            case flowtable(String)
            /// The end of a transaction: the number of the new generation, and the thread (as in gettid(2)) and
            /// program that made it.
            case generation(UInt32, threadID: UInt32, processName: String)
        }

        /// How an object changed.
        public enum Action: Sendable, Hashable {
            case added
            case deleted
        }

        /// The object that changed.
        public var subject: Subject
        /// How it changed.
        public var action: Action
        /// The table of the object; `nil` for `.generation`.
        public var table: Table?
        /// The socket that made the change; one's own is `Connection.portID`.
        public var portID: UInt32
    }

    /// Receives every change to the ruleset of its network namespace (`NFNLGRP_NFTABLES`).
    ///
    /// Like a connection, a monitor has one user. If it is not read often enough, the kernel drops events, and the
    /// next `next` throws `.overflow`: read the table back.
    public final class Monitor {
        private let socket: NetlinkSocket
        private var pending: [Event] = []
        private var position = 0

        /// - Parameter receiveBuffer: bytes of events that the kernel keeps until they are read. A value above
        ///   `net.core.rmem_max` needs CAP_NET_ADMIN.
        public init(receiveBuffer: Int = 8 << 20) throws(NetlinkError) {
            socket = try NetlinkSocket(bus: NETLINK_NETFILTER, timeout: .zero, receiveBuffer: receiveBuffer)
            try socket.join(group: NFNLGRP_NFTABLES.rawValue, name: "nftables events")
        }

        /// Readable when an event is waiting: for poll(2) or a dispatch source. Do not read from it.
        public var descriptor: FileDescriptor { socket.descriptor }

        /// The next event; `nil` if none arrives in time. `.zero` does not wait.
        /// - Throws: `.overflow` if events were lost; the monitor can still be read.
        public func next(within timeout: Duration = .zero) throws(NetlinkError) -> Event? {
            var deadline = Deadline(in: timeout)
            while position == pending.count {
                pending.removeAll(keepingCapacity: true)
                position = 0
                guard let datagram = try socket.receive(by: &deadline, command: "listen to nftables events") else {
                    return nil
                }
                MessageView.forEach(in: datagram) { message in
                    if let event = Event(message) { pending.append(event) }
                }
            }
            defer { position += 1 }
            return pending[position]
        }
    }
}

extension Nftables.Event {
    init?(_ message: MessageView) {
        guard message.header.nlmsg_type >> 8 == UInt16(NFNL_SUBSYS_NFTABLES),
            let header = message.familyHeader(nfgenmsg.self)
        else { return nil }
        let number = UInt32(message.header.nlmsg_type & 0xFF)
        let strings = Strings(message)
        portID = message.header.nlmsg_pid

        switch number {
        case NFT_MSG_NEWTABLE.rawValue: (action, subject) = (.added, .table)
        case NFT_MSG_DELTABLE.rawValue: (action, subject) = (.deleted, .table)
        case NFT_MSG_NEWCHAIN.rawValue: (action, subject) = (.added, .chain(strings.third))
        case NFT_MSG_DELCHAIN.rawValue: (action, subject) = (.deleted, .chain(strings.third))
        case NFT_MSG_NEWRULE.rawValue: (action, subject) = (.added, .rule(chain: strings.second))
        case NFT_MSG_DELRULE.rawValue: (action, subject) = (.deleted, .rule(chain: strings.second))
        case NFT_MSG_NEWSET.rawValue: (action, subject) = (.added, .set(strings.second))
        case NFT_MSG_DELSET.rawValue: (action, subject) = (.deleted, .set(strings.second))
        case NFT_MSG_NEWSETELEM.rawValue: (action, subject) = (.added, .elements(of: strings.second))
        case NFT_MSG_DELSETELEM.rawValue: (action, subject) = (.deleted, .elements(of: strings.second))
        case NFT_MSG_NEWOBJ.rawValue: (action, subject) = (.added, .object(strings.second))
        case NFT_MSG_DELOBJ.rawValue: (action, subject) = (.deleted, .object(strings.second))
        case NFT_MSG_NEWFLOWTABLE.rawValue: (action, subject) = (.added, .flowtable(strings.second))
        case NFT_MSG_DELFLOWTABLE.rawValue: (action, subject) = (.deleted, .flowtable(strings.second))
        case NFT_MSG_NEWGEN.rawValue:
            action = .added
            subject = Self.generation(message)
            return
        default: return nil
        }
        guard let family = Nftables.Family(rawValue: header.nfgen_family) else { return nil }
        table = Nftables.Table(family: family, name: strings.first)
    }

    /// The first attributes of every message are names: the table's, then the object's. Rules have their chain's name
    /// instead; chains have a handle before the name.
    private struct Strings {
        var first = ""
        var second = ""
        var third = ""

        init(_ message: MessageView) {
            for attribute in message.attributes(behind: MemoryLayout<nfgenmsg>.size) {
                switch attribute.type {
                case 1: first = attribute.string
                case 2: second = attribute.string
                case 3: third = attribute.string
                default: break
                }
            }
        }
    }

    private static func generation(_ message: MessageView) -> Subject {
        var number: UInt32 = 0
        var threadID: UInt32 = 0
        var processName = ""
        for attribute in message.attributes(behind: MemoryLayout<nfgenmsg>.size) {
            switch Int(attribute.type) {
            case Int(NFTA_GEN_ID.rawValue): number = attribute.bigEndian(UInt32.self) ?? 0
            case Int(NFTA_GEN_PROC_PID.rawValue): threadID = attribute.bigEndian(UInt32.self) ?? 0
            case Int(NFTA_GEN_PROC_NAME.rawValue): processName = attribute.string
            default: break
            }
        }
        return .generation(number, threadID: threadID, processName: processName)
    }
}
