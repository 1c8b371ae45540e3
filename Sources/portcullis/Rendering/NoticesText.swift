import AdminAPI
import CommandLineSupport
import Names
import Text

/// Notices for people.
enum NoticesText {
    static func table(_ notices: [NoticeResource]) -> Table {
        Table(
            [.init("NOTICE", .right), "TIME", "SEVERITY", "TITLE", "DELIVERY"],
            notices.map { notice in
                ["\(notice.number)", notice.time, notice.severity.rawValue, notice.title.printable, delivery(notice)]
            })
    }

    static func notice(_ notice: NoticeResource) -> String {
        let properties = Table(
            ["", ""],
            [
                ["notice", "\(notice.number)"], ["time", notice.time], ["severity", notice.severity.rawValue],
                ["about", "\(notice.subject.rawValue) \(notice.name.printable)"], ["title", notice.title.printable],
            ]
                + (notice.location.map { [["location", $0.printable]] } ?? [])
                + (notice.type.map { [["type", $0.printable]] } ?? [])
        ).body(indent: "")
        let deliveries = Table(
            ["CHANNEL", "STATE", "TIME", "PROBLEM"],
            notice.deliveries.map { one in
                [one.channel.printable, one.state.rawValue, one.time ?? "", (one.problem ?? "").printable]
            })
        let text = notice.text ?? ""
        return [
            properties, text.isEmpty ? nil : text.printableLines, notice.deliveries.isEmpty ? nil : deliveries.text,
        ]
        .compactMap(\.self).joined(separator: "\n\n")
    }

    /// `delivered`, or what has not arrived: `ops waiting, pager failed`.
    private static func delivery(_ notice: NoticeResource) -> String {
        guard !notice.deliveries.isEmpty else { return "no channel" }
        let open = notice.deliveries.filter { $0.state != .delivered }
        return open.isEmpty
            ? "delivered" : open.map { "\($0.channel.printable) \($0.state.rawValue)" }.joined(separator: ", ")
    }
}
