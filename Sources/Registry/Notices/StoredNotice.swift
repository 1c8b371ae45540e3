package import AdminAPI
package import Cloud

/// A notice in the outbox.
package struct StoredNotice: Sendable, Hashable {
    /// Counted from 1, in the order of the commits.
    package var number: Int
    /// The generation of the commit that wrote it.
    package var generation: Int
    /// RFC 3339 in UTC.
    package var time: String
    package var notice: Notice

    package init(number: Int, generation: Int, time: String, notice: Notice) {
        self.number = number
        self.generation = generation
        self.time = time
        self.notice = notice
    }
}

/// What has become of a notice at a channel. While there is none, it waits there, or is not for the channel.
package struct NoticeOutcome: Sendable, Hashable {
    package var channel: String
    package var number: Int
    package var state: NoticeResource.Delivery.State
    /// RFC 3339 in UTC.
    package var time: String
    /// Why it was not delivered.
    package var problem: String?

    package init(
        channel: String, number: Int, state: NoticeResource.Delivery.State, time: String, problem: String? = nil
    ) {
        self.channel = channel
        self.number = number
        self.state = state
        self.time = time
        self.problem = problem
    }
}

/// How far a channel has come.
package struct NoticeChannelState: Sendable, Hashable {
    /// A message that was begun: whatever happens, it is sent with this identifier and these notices until it is settled.
    package struct Message: Sendable, Hashable {
        package var id: String
        /// Ascending.
        package var numbers: [Int]
        package var isDigest: Bool
        /// How often it was tried, without attempts that say nothing of the message itself: an answer that asks for
        /// patience, a receiver that is away.
        package var refusals: Int

        package init(id: String, numbers: [Int], isDigest: Bool, refusals: Int = 0) {
            self.id = id
            self.numbers = numbers
            self.isDigest = isDigest
            self.refusals = refusals
        }
    }

    package var name: String
    /// All notices up to this number are settled here.
    package var cursor: Int
    package var message: Message?
    /// How many notices were delivered, given up, and expired, since the channel was added.
    package var delivered: Int
    package var failed: Int
    package var expired: Int
    /// What the channel remembers of its receiver, in a form of its own.
    package var memory: String?

    package init(
        name: String, cursor: Int, message: Message? = nil, delivered: Int = 0, failed: Int = 0, expired: Int = 0,
        memory: String? = nil
    ) {
        self.name = name
        self.cursor = cursor
        self.message = message
        self.delivered = delivered
        self.failed = failed
        self.expired = expired
        self.memory = memory
    }
}

extension StoredNotice {
    /// A notice that is to be put into the outbox, without a number: what is too long is cut off.
    package init(_ notice: Notice, generation: Int, time: String) {
        var notice = notice
        let title = notice.title.unicodeScalars
        if title.count > Notice.longestTitle {
            notice.title = String(String.UnicodeScalarView(title.prefix(Notice.longestTitle - 1))) + "…"
        }
        if notice.text.utf8.count > Notice.longestText {
            // The end of a log says more than its beginning. Half a character at the cut becomes U+FFFD.
            notice.text = "…" + String(decoding: notice.text.utf8.suffix(Notice.longestText - 6), as: UTF8.self)
        }
        self.init(number: 0, generation: generation, time: time, notice: notice)
    }
}

extension CloudCommit {
    /// The notices as they are stored, without numbers.
    package var outbox: [StoredNotice] {
        notices.map { StoredNotice($0, generation: id.generation, time: time) }
    }
}
