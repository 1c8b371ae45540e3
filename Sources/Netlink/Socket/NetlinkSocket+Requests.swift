import CNetlink
import SystemPackage

/// The kernel's answer to one message: 0, or an error number with details.
struct Acknowledgement {
    let sequence: UInt32
    /// 0 or a positive error number.
    let number: Int32
    /// `NLMSGERR_ATTR_MSG`
    let reason: String?
    /// `NLMSGERR_ATTR_OFFS`: the offset of the refused attribute in the message.
    let offset: Int?

    /// `nil` if the message is no `NLMSG_ERROR` or too short.
    init?(_ message: MessageView) {
        guard Int32(message.header.nlmsg_type) == NLMSG_ERROR,
            let negative = message.familyHeader(Int32.self)
        else { return nil }
        sequence = message.header.nlmsg_seq
        number = negative == .min ? EPROTO : abs(negative)

        var reason: String?
        var offset: Int?
        if message.flags.contains(.extendedAck) {
            // struct nlmsgerr: the number, then the refused message's header, or all of it unless capped
            let size = MemoryLayout<Int32>.size
            let repeated = MemoryLayout<nlmsghdr>.size
            var behind = size + repeated
            if !message.flags.contains(.capped), message.payload.count >= behind {
                let length = Int(message.payload.loadUnaligned(fromByteOffset: size, as: UInt32.self))
                behind = size + MessageBuffer.aligned(max(repeated, min(length, message.payload.count)))
            }
            for attribute in message.attributes(behind: behind) {
                switch Int(attribute.type) {
                case Int(NLMSGERR_ATTR_MSG.rawValue): reason = attribute.string
                case Int(NLMSGERR_ATTR_OFFS.rawValue): offset = attribute.number(UInt32.self).map(Int.init)
                default: break
                }
            }
        }
        self.reason = reason
        self.offset = offset
    }
}

extension NetlinkSocket {
    /// Sends messages as one datagram, and passes on the kernel's answers until that to the last message (`last`) has
    /// arrived, which must ask for an acknowledgement.
    ///
    /// The kernel always answers with an error, whether or not an acknowledgement was asked for; an error does not
    /// stop the messages after it.
    /// - Parameter whole: the message that gets the answer to an error in the whole batch (the start of an nfnetlink
    ///   batch); no other answer follows it.
    /// - Throws: `.overflow` if answers were lost (the messages were carried out all the same), `.timedOut`.
    func exchange(
        _ bytes: UnsafeRawBufferPointer, last: UInt32, whole: UInt32? = nil, command: @autoclosure () -> String,
        onAnswer: (Acknowledgement) -> Void,
        onReply: (MessageView) throws(NetlinkError) -> Void = { _ in }
    ) throws(NetlinkError) {
        try drain()
        try send(bytes, command: command())
        var deadline = deadline
        var done = false
        while !done {
            guard let datagram = try receive(by: &deadline, command: command()) else {
                throw NetlinkError(code: .timedOut, command: command())
            }
            try MessageView.forEach(in: datagram) { (message) throws(NetlinkError) in
                if let answer = Acknowledgement(message) {
                    onAnswer(answer)
                    if answer.sequence == last || answer.sequence == whole { done = true }
                    if answer.sequence == last { answered() }
                } else if message.header.nlmsg_seq == last, message.header.nlmsg_pid == portID {
                    try onReply(message)
                }
            }
        }
    }

    /// Sends one message that asks for an acknowledgement, and passes on the replies before it.
    /// - Throws: the kernel's refusal.
    func request(
        _ bytes: UnsafeRawBufferPointer, sequence: UInt32, command: String,
        onReply: (MessageView) throws(NetlinkError) -> Void = { _ in }
    ) throws(NetlinkError) {
        var refusal: NetlinkError?
        try exchange(
            bytes, last: sequence, command: command,
            onAnswer: { answer in
                guard answer.sequence == sequence, answer.number != 0 else { return }
                refusal = NetlinkError(refused: answer.number, command: command, reason: answer.reason)
            }, onReply: onReply)
        if let refusal { throw refusal }
    }
}
