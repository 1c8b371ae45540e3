import CNetlink
import NetworkTypes

/// Writes netlink messages one after the other into one growing buffer that is reused.
///
/// A message, or a nested attribute, is open during a closure and gets its length when the closure returns, so the
/// code reads like the protocol's own documentation:
///
///     buffer.message(type: family, flags: .request, sequence: 7) { message in
///         message.header(genlmsghdr(cmd: 5, version: 1, reserved: 0))
///         message.nest(ServiceAttribute.command) { service in
///             service.put(ServiceAttribute.mark, 257 as UInt32)
///         }
///     }
///
/// Nothing is allocated per message or attribute. Padding is zero (netlink(7), `NLA_ALIGN`).
struct MessageBuffer: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// The number of bytes written.
    private(set) var count = 0

    init(capacity: Int = 1 << 16) {
        self.capacity = max(capacity, 1 << 10)
        base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    var isEmpty: Bool { count == 0 }

    /// The bytes written; valid until the next write.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    mutating func removeAll() { count = 0 }

    /// Discards everything written after `length`.
    mutating func truncate(to length: Int) {
        precondition(length <= count)
        count = length
    }

    /// Makes room for `more` more bytes.
    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if count + more > capacity { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = max(capacity * 2, count + more)
        let copy = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        copy.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = copy
        capacity = larger
    }

    // MARK: Messages

    /// Writes a message; the closure writes the family's header and the attributes.
    @inline(__always)
    mutating func message<Failure: Error>(
        type: UInt16, flags: MessageFlags, sequence: UInt32,
        _ body: (inout Self) throws(Failure) -> Void
    ) throws(Failure) {
        reserve(MemoryLayout<nlmsghdr>.size)
        let start = count
        base.storeBytes(
            of: nlmsghdr(
                nlmsg_len: 0, nlmsg_type: type, nlmsg_flags: flags.rawValue, nlmsg_seq: sequence, nlmsg_pid: 0),
            toByteOffset: start, as: nlmsghdr.self)
        count += MemoryLayout<nlmsghdr>.size
        try body(&self)
        base.storeBytes(of: UInt32(truncatingIfNeeded: count - start), toByteOffset: start, as: UInt32.self)
    }

    /// Writes a message by a C function, which gets the address of at most `room` zero bytes: libmnl before 1.0.5
    /// does not clear the padding after attributes.
    mutating func message(room: Int, _ body: (UnsafeMutablePointer<CChar>) -> UnsafeMutablePointer<nlmsghdr>) {
        reserve(room)
        (base + count).initializeMemory(as: UInt8.self, repeating: 0, count: room)
        let message = body((base + count).assumingMemoryBound(to: CChar.self))
        let length = Int(message.pointee.nlmsg_len)
        precondition(length <= room, "a message of \(length) bytes overran its room of \(room)")
        count += Self.aligned(length)
    }

    /// Sets flags on the message that starts at an offset.
    mutating func insert(_ flags: MessageFlags, intoMessageAt offset: Int) {
        precondition(offset + MemoryLayout<nlmsghdr>.size <= count)
        let place = offset + MemoryLayout<nlmsghdr>.offset(of: \.nlmsg_flags)!
        let old = base.loadUnaligned(fromByteOffset: place, as: UInt16.self)
        base.storeBytes(of: old | flags.rawValue, toByteOffset: place, as: UInt16.self)
    }

    /// Writes the fixed header of the family, which follows the netlink header.
    @inline(__always)
    mutating func header<Header: BitwiseCopyable>(_ header: Header) {
        let size = Self.aligned(MemoryLayout<Header>.size)
        reserve(size)
        base.storeBytes(of: header, toByteOffset: count, as: Header.self)
        pad(from: count + MemoryLayout<Header>.size, to: count + size)
        count += size
    }

    // MARK: Attributes

    /// Writes an attribute that contains attributes. `flagged` sets `NLA_F_NESTED`, which nf_tables and families
    /// since 2019 expect; older families do not use it.
    @inline(__always)
    mutating func nest<Failure: Error>(
        _ type: UInt16, flagged: Bool = false, _ body: (inout Self) throws(Failure) -> Void
    ) throws(Failure) {
        let start = openAttribute(flagged ? type | Self.nested : type, payload: 0)
        try body(&self)
        let length = count - start
        precondition(length <= Int(UInt16.max), "a nest of \(length) bytes does not fit a netlink attribute")
        base.storeBytes(of: UInt16(truncatingIfNeeded: length), toByteOffset: start, as: UInt16.self)
    }

    /// Writes a number in the host's byte order.
    @inline(__always)
    mutating func put<Number: FixedWidthInteger & BitwiseCopyable>(_ type: UInt16, _ number: Number) {
        let size = MemoryLayout<Number>.size
        openAttribute(type, payload: size)
        base.storeBytes(of: number, toByteOffset: count, as: Number.self)
        close(payload: size)
    }

    /// Writes a plain C structure.
    @inline(__always)
    mutating func put<Structure: BitwiseCopyable>(_ type: UInt16, structure: Structure) {
        let size = MemoryLayout<Structure>.size
        openAttribute(type, payload: size)
        base.storeBytes(of: structure, toByteOffset: count, as: Structure.self)
        close(payload: size)
    }

    /// Writes a string with its NUL.
    @inline(__always)
    mutating func put(_ type: UInt16, _ string: String) {
        var string = string
        string.withUTF8 { utf8 in
            openAttribute(type, payload: utf8.count + 1)
            if let start = utf8.baseAddress { (base + count).copyMemory(from: start, byteCount: utf8.count) }
            base.storeBytes(of: 0, toByteOffset: count + utf8.count, as: UInt8.self)
            close(payload: utf8.count + 1)
        }
    }

    /// Writes bytes unchanged.
    @inline(__always)
    mutating func put(_ type: UInt16, bytes: UnsafeRawBufferPointer) {
        openAttribute(type, payload: bytes.count)
        if let start = bytes.baseAddress { (base + count).copyMemory(from: start, byteCount: bytes.count) }
        close(payload: bytes.count)
    }

    /// Writes an address in network byte order. `width` 16 pads an IPv4 address at the end, as IPVS requires (`union
    /// nf_inet_addr`); 0 means the family's own width.
    @inline(__always)
    mutating func put(_ type: UInt16, _ address: IPAddress, width: Int = 0) {
        let size = max(width, address.family == .ipv4 ? 4 : 16)
        openAttribute(type, payload: size)
        if address.family == .ipv4 {
            base.storeBytes(
                of: UInt32(truncatingIfNeeded: address.low).bigEndian, toByteOffset: count, as: UInt32.self)
            pad(from: count + 4, to: count + size)
        } else {
            base.storeBytes(of: address.high.bigEndian, toByteOffset: count, as: UInt64.self)
            base.storeBytes(of: address.low.bigEndian, toByteOffset: count + 8, as: UInt64.self)
        }
        close(payload: size)
    }

    private static var nested: UInt16 { 1 << 15 }

    @inline(__always)
    @discardableResult
    private mutating func openAttribute(_ type: UInt16, payload: Int) -> Int {
        let size = MemoryLayout<nlattr>.size
        reserve(size + Self.aligned(payload))
        let start = count
        base.storeBytes(
            of: nlattr(nla_len: UInt16(truncatingIfNeeded: size + payload), nla_type: type),
            toByteOffset: start, as: nlattr.self)
        count += size
        return start
    }

    @inline(__always)
    private mutating func close(payload: Int) {
        let size = Self.aligned(payload)
        pad(from: count + payload, to: count + size)
        count += size
    }

    @inline(__always)
    private mutating func pad(from start: Int, to end: Int) {
        var place = start
        while place < end {
            base.storeBytes(of: 0, toByteOffset: place, as: UInt8.self)
            place += 1
        }
    }

    /// `NLMSG_ALIGN`, `NLA_ALIGN`: rounds up to a multiple of four bytes.
    @inline(__always)
    static func aligned(_ length: Int) -> Int { (length + 3) & ~3 }
}
