/// The record that the crash part in a worker writes (`struct portcullis_crash`), as far as the master needs it.
package struct WorkerCrash: Sendable, Equatable {
    /// "PCR1" in the machine's byte order.
    private static let magic: UInt32 = 0x3152_4350
    /// The bytes up to and with the registers that are used here.
    private static let shortest = 64

    package let pid: Int
    package let thread: Int
    package let signal: Int
    package let code: Int
    package let address: UInt64
    package let pc: UInt64

    package init(pid: Int, thread: Int, signal: Int, code: Int, address: UInt64, pc: UInt64) {
        self.pid = pid
        self.thread = thread
        self.signal = signal
        self.code = code
        self.address = address
        self.pc = pc
    }

    /// `nil` if these bytes are no such record.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.shortest else { return nil }
        func number<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) -> Number {
            bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
        }
        guard number(0, UInt32.self) == Self.magic, Int(number(4, UInt32.self)) >= Self.shortest else { return nil }
        self.init(
            pid: Int(number(8, Int32.self)), thread: Int(number(12, Int32.self)),
            signal: Int(number(16, Int32.self)), code: Int(number(20, Int32.self)),
            address: number(32, UInt64.self), pc: number(40, UInt64.self))
    }
}
