import CNetlink

/// The kernel's list in answer to one request, read as it arrives: at most one datagram of it is in memory.
///
///     var services = try ipvs.services()
///     while let service = try services.next() { … }
///
/// A dump may be abandoned before its end; the next request on the same socket then reads the rest away. Only one
/// dump can run on a socket at a time.
public struct Dump<Element>: ~Copyable {
    typealias Decoder = (MessageView, inout [Element]) throws(NetlinkError) -> Void

    private let socket: NetlinkSocket
    private let sequence: UInt32
    private let command: () -> String
    private let decode: Decoder
    private var pending: [Element] = []
    private var position = 0
    private var state = State.running
    private var interrupted = false

    private enum State { case running, finished }

    /// About the number of bytes that the kernel needs for one element: IPVS sends 230 and more with each server.
    private static var commonSize: Int { 200 }

    /// Sends the request in `bytes`, which has `sequence` and `NLM_F_DUMP`.
    init(
        on socket: NetlinkSocket, _ bytes: UnsafeRawBufferPointer, sequence: UInt32,
        command: @autoclosure @escaping () -> String,
        decode: @escaping Decoder
    ) throws(NetlinkError) {
        self.socket = socket
        self.sequence = sequence
        self.command = command
        self.decode = decode
        try socket.drain()
        try socket.send(bytes, command: command())
        socket.beginDump(sequence)
    }

    /// The next element; `nil` at the end.
    /// - Throws: `.retry` at the end if the kernel reports that the list changed while it was read.
    public mutating func next() throws(NetlinkError) -> Element? {
        while position == pending.count {
            guard state == .running else { return nil }
            try receive()
        }
        defer { position += 1 }
        return pending[position]
    }

    /// The elements of the next datagram, together with those left of the one before; `nil` at the end. For readers
    /// that do other work in between.
    public mutating func nextDatagram() throws(NetlinkError) -> [Element]? {
        while position == pending.count {
            guard state == .running else { return nil }
            try receive()
        }
        defer { (pending, position) = ([], 0) }
        return position == 0 ? pending : Array(pending[position...])
    }

    /// Calls `body` for each remaining element.
    public mutating func forEach<Failure: Error>(_ body: (Element) throws(Failure) -> Void) throws {
        while let element = try next() { try body(element) }
    }

    /// Reads all remaining elements.
    public consuming func collect() throws(NetlinkError) -> [Element] {
        // Most lists fit into one datagram, whose array is returned without a copy.
        var all = try nextDatagram() ?? []
        while let more = try nextDatagram() { all += more }
        return all
    }

    private mutating func receive() throws(NetlinkError) {
        pending.removeAll(keepingCapacity: true)
        position = 0
        guard socket.openDump == sequence else {
            throw NetlinkError(
                code: .system, command: command(), reason: "another request was made on the socket during the dump")
        }
        var deadline = socket.deadline
        guard let datagram = try socket.receive(by: &deadline, command: command()) else {
            throw NetlinkError(code: .timedOut, command: command())
        }
        pending.reserveCapacity(datagram.count / Self.commonSize)
        var offset = 0
        while state == .running, let message = MessageView(in: datagram, at: offset) {
            offset += MessageBuffer.aligned(Int(message.header.nlmsg_len))
            if message.header.nlmsg_seq == sequence { try handle(message) }
        }
    }

    private mutating func handle(_ message: MessageView) throws(NetlinkError) {
        interrupted = interrupted || message.flags.contains(.dumpInterrupted)
        switch Int32(message.header.nlmsg_type) {
        case NLMSG_NOOP:
            break
        case NLMSG_ERROR:
            finish()
            guard let answer = Acknowledgement(message) else {
                throw NetlinkError(code: .malformed, command: command())
            }
            if answer.number != 0 {
                throw NetlinkError(refused: answer.number, command: command(), reason: answer.reason)
            }
        case NLMSG_DONE:
            finish()
            if let number = message.familyHeader(Int32.self), number < 0, number != .min {
                throw NetlinkError(refused: -number, command: command())
            }
            if interrupted {
                throw NetlinkError(code: .retry, command: command(), reason: "the list changed while it was read")
            }
        default:
            try decode(message, &pending)
        }
    }

    private mutating func finish() {
        state = .finished
        socket.endDump(sequence)
        socket.answered()
    }
}
