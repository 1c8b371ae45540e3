import CNetlink

/// Flags of a netlink message's header (`NLM_F_*`, linux/netlink.h).
struct MessageFlags: OptionSet, Sendable, Hashable {
    let rawValue: UInt16

    static let request = Self(rawValue: UInt16(NLM_F_REQUEST))
    static let multi = Self(rawValue: UInt16(NLM_F_MULTI))
    static let ack = Self(rawValue: UInt16(NLM_F_ACK))
    static let dumpInterrupted = Self(rawValue: UInt16(NLM_F_DUMP_INTR))

    /// For requests that read: list everything.
    static let dump = Self(rawValue: UInt16(NLM_F_ROOT | NLM_F_MATCH))

    /// For requests that write: the object must not exist yet.
    static let exclusive = Self(rawValue: UInt16(NLM_F_EXCL))
    static let create = Self(rawValue: UInt16(NLM_F_CREATE))
    static let append = Self(rawValue: UInt16(NLM_F_APPEND))

    /// In answers: the error does not repeat the refused message.
    static let capped = Self(rawValue: UInt16(NLM_F_CAPPED))
    /// In answers: the error has attributes (extended acknowledgement).
    static let extendedAck = Self(rawValue: UInt16(NLM_F_ACK_TLVS))
}
