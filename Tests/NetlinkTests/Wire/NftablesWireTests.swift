import CNetlink
import NetworkTypes
import Testing

@testable import Netlink

/// Our bytes beside those of nft (`fixtures/wire/nft.hex`).
@Suite("nftables messages as nft sends them")
struct NftablesWireTests {
    private static let theirs: [WireMessage] = {
        let group = WireFixture("nft.hex").groups[0]
        return group.datagrams.flatMap { $0.withUnsafeBytes { WireMessage.all(in: $0) } }
    }()

    private static let ours: [WireMessage] = {
        var sequence: UInt32 = 0
        let encoder = TransactionEncoder(GatewayTable.transaction, into: MessageBuffer()) {
            sequence += 1
            return sequence
        }
        return WireMessage.all(in: encoder.buffer.bytes)
    }()

    /// A message type in its group, with what is not compared in it.
    static let groups: [(name: String, type: UInt16, count: Int, leavingOut: Set<[UInt16]>)] = [
        ("the batch's start", UInt16(NFNL_MSG_BATCH_BEGIN), 1, []),
        ("the table", type(NFT_MSG_NEWTABLE), 1, []),
        ("chains", type(NFT_MSG_NEWCHAIN), 4, []),
        ("the counter", type(NFT_MSG_NEWOBJ), 1, []),
        // NFTA_SET_ID is a number inside the transaction
        ("sets and maps", type(NFT_MSG_NEWSET), 10, [[10]]),
        // NFTA_SET_ELEM_LIST_SET_ID as well
        ("elements", type(NFT_MSG_NEWSETELEM), 10, [[4]]),
        ("rules", type(NFT_MSG_NEWRULE), 13, []),
        ("the batch's end", UInt16(NFNL_MSG_BATCH_END), 1, []),
    ]

    private static func type(_ type: nf_tables_msg_types) -> UInt16 { cnl_nft_type(UInt16(type.rawValue)) }

    @Test("the messages of each kind are the same, attribute by attribute", arguments: groups)
    func same(name: String, type: UInt16, count: Int, leavingOut paths: Set<[UInt16]>) throws {
        let name = String(type, radix: 16)
        let ours = Self.ours.filter { $0.type == name }
        let theirs = Self.theirs.filter { $0.type == name }
        #expect(theirs.count == count)
        #expect(ours.count == count)
        for (ours, theirs) in zip(ours, theirs) {
            var ours = ours.withoutNumbers(paths, isRule: type == Self.type(NFT_MSG_NEWRULE))
            var theirs = theirs.withoutNumbers(paths, isRule: type == Self.type(NFT_MSG_NEWRULE))
            ours.flags.remove(.ack)
            // libnftnl writes the hook and the comment first, nft adds them behind
            if [Self.type(NFT_MSG_NEWCHAIN), Self.type(NFT_MSG_NEWRULE)].contains(type) {
                ours.attributes.sort { $0.type < $1.type }
                theirs.attributes.sort { $0.type < $1.type }
            }
            #expect(ours == theirs)
        }
    }

    @Test("the messages come in the same order")
    func order() { #expect(Self.ours.map(\.type) == Self.theirs.map(\.type)) }

    @Test("only the last message of the transaction asks for an acknowledgement")
    func acknowledgement() {
        let asking = Self.ours.indices.filter { Self.ours[$0].flags.contains(.ack) }
        #expect(asking == [Self.ours.count - 2])
    }
}

extension WireMessage {
    /// Without the numbers of sets; in rules, also without nft's byte-order expression, which swaps one
    /// byte of `meta l4proto` with itself.
    fileprivate func withoutNumbers(_ paths: Set<[UInt16]>, isRule: Bool) -> Self {
        var copy = leavingOut(isRule ? [] : paths)
        guard isRule else { return copy }
        copy.attributes = attributes.map { attribute in
            guard attribute.type == UInt16(NFTA_RULE_EXPRESSIONS.rawValue) else { return attribute }
            let kept = attribute.nested.compactMap { expression -> Attribute? in
                let name = expression.nested.first { $0.type == UInt16(NFTA_EXPR_NAME.rawValue) }
                if name?.payload == .bytes(Array("byteorder\0".utf8)) { return nil }
                guard name?.payload == .bytes(Array("lookup\0".utf8)) else { return expression }
                return Attribute(
                    type: expression.type,
                    payload: .nest(
                        expression.nested.map { part in
                            guard part.type == UInt16(NFTA_EXPR_DATA.rawValue) else { return part }
                            return Attribute(
                                type: part.type,
                                payload: .nest(part.nested.filter { $0.type != UInt16(NFTA_LOOKUP_SET_ID.rawValue) }))
                        }))
            }
            return Attribute(type: attribute.type, payload: .nest(kept))
        }
        return copy
    }
}
