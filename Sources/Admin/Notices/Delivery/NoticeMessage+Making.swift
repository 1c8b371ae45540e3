import AdminAPI
import Cloud
import Names
import Registry

extension NoticeMessage {
    /// The message of a channel about notices.
    ///
    /// - Parameter notices: in the order of their numbers, at least one.
    init(_ message: NoticeChannelState.Message, of notices: [StoredNotice], to channel: String) {
        var entries: [Entry] = []
        var places: [NoticeQueue.Key: Int] = [:]
        for notice in notices {
            let key = NoticeQueue.Key(notice.notice)
            if let place = places[key] {
                entries[place].numbers.append(notice.number)
                // The newest text says most of what is now.
                if !message.isDigest { entries[place].text = notice.notice.text }
                continue
            }
            places[key] = entries.count
            entries.append(Entry(notice, hasText: !message.isDigest))
        }
        if message.isDigest {
            entries = NoticeSeverity.allCases.reversed().flatMap { severity in
                entries.filter { $0.severity == severity }
            }
        }
        let worst = entries.map(\.severity).max() ?? .info
        let first = entries.first?.title ?? ""
        let title =
            switch (message.isDigest, notices.count) {
            case (true, let count): "\(count) notices; the worst: \(first)"
            case (false, 1): first
            case (false, let count): "\(first) (\(count) times)"
            }
        self.init(
            id: message.id, channel: channel, kind: message.isDigest ? .digest : .notice, severity: worst,
            title: title, count: notices.count, notices: entries)
    }
}

extension NoticeMessage.Entry {
    fileprivate init(_ stored: StoredNotice, hasText: Bool) {
        let notice = stored.notice
        self.init(
            numbers: [stored.number], time: stored.time, severity: notice.severity, subject: notice.subject,
            name: notice.name, title: notice.title, text: hasText ? notice.text : nil, location: notice.location,
            type: notice.type, isResolved: notice.isResolved, isLasting: notice.isLasting)
    }
}
