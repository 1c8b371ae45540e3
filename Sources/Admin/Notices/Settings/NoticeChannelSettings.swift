import Cloud
import Names
import Text

/// A channel by which notices reach people: an element of `notices` in ADMIN's settings.
public struct NoticeChannelSettings: Sendable, Hashable {
    /// What it is called in logs and in answers; other channels have other names.
    @ExactText var name: String
    /// How they are sent, and where to.
    var way: NoticeWay
    /// Certificates (PEM) to trust instead of the system's.
    var caFile: String?
    /// Less urgent notices are not for it.
    var severity = Notice.Severity.info
    /// The types whose notices are for it; `nil`: all notices, also those about no type.
    var types: Set<String>?
    /// The same for locations.
    var locations: Set<String>?
    /// The channel that gets what this one cannot deliver; `nil`: none.
    var fallback: ExactText?
    /// The seconds for which this one fails before.
    var fallbackAfter = 120
    /// Where it stands in the settings, for errors.
    let place: String

    init(name: String, _ way: NoticeWay, place: String) {
        self.name = name
        self.way = way
        self.place = place
    }

    /// The key of the channels in the file.
    static let key = "notices"
    /// The most channels.
    static let most = 32

    /// Whether a notice is for the channel.
    func takes(_ notice: Notice) -> Bool {
        guard notice.subject != .test else { return notice.name.isExactly(name) }
        return notice.severity >= severity && Self.has(types, notice.type) && Self.has(locations, notice.location)
    }

    private static func has(_ names: Set<String>?, _ name: String?) -> Bool {
        guard let names else { return true }
        return name.map(names.contains) ?? false
    }
}
