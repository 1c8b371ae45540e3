/// The data that nft stores in the kernel with an object, to print it as it was written: type, length and value, with
/// one byte each for type and length (libnftnl/udata.h). The kernel does not read it.
struct NftablesUserData {
    private(set) var bytes: [UInt8] = []

    private mutating func put(_ type: UInt8, _ value: [UInt8]) { bytes += [type, UInt8(value.count)] + value }

    private mutating func put(_ type: UInt8, _ number: UInt32) {
        put(type, Swift.withUnsafeBytes(of: number) { [UInt8]($0) })
    }

    /// The user data of a rule with a comment, which is cut to the 127 bytes that nft allows.
    init(comment: String) { put(0, Array(comment.utf8.prefix(127)) + [0]) }

    /// The user data of a set: the byte order of key and data, and that a concatenation is printed by its types.
    init(_ set: Nftables.SetDefinition) {
        put(0, Self.byteOrder(set.key))
        if set.isMap { put(1, Self.byteOrder(set.data)) }
        if set.key.count > 1 { put(3, Self.concatenation) }
        if set.data.count > 1 { put(4, Self.concatenation) }
        if set.isMap { put(6, 0 as UInt32) }
    }

    /// nft's enum byteorder: 1 host, 2 network, 0 for a concatenation
    private static func byteOrder(_ fields: [Nftables.DataType]) -> UInt32 {
        fields.count == 1 && fields != [.verdict] ? (fields[0].isHostOrder ? 1 : 2) : 0
    }

    /// NFTNL_UDATA_SET_TYPEOF_EXPR: 13 (EXPR_CONCAT), and TYPEOF_DATA, empty
    private static let concatenation: [UInt8] = [0, 4, 13, 0, 0, 0, 1, 0]

    /// The comment in a rule's user data, if any.
    static func comment(in bytes: UnsafeRawBufferPointer) -> String? {
        var rest = bytes[...]
        while rest.count >= 2 {
            let type = rest[rest.startIndex]
            let length = Int(rest[rest.startIndex + 1])
            let value = rest.dropFirst(2).prefix(length)
            guard value.count == length else { return nil }
            if type == 0 { return String(decoding: value.prefix { $0 != 0 }, as: UTF8.self) }
            rest = rest.dropFirst(2 + length)
        }
        return nil
    }
}
