/// When Telegram may be called: at most once a second, and 18 times a minute.
///
/// Times are milliseconds since 1970, so that they hold beyond a restart of ADMIN.
struct TelegramPace: Sendable, Hashable, Codable {
    /// The calls of the last minute, rising.
    private(set) var calls: [Int] = []
    /// Telegram wants no call before.
    private(set) var silentUntil = 0

    static let window = 60_000
    /// Calls within the window.
    static let most = 18
    /// Those of them after which what waits becomes a digest.
    static let ordinary = 12
    /// Between two calls.
    static let gap = 1_000
    /// The same once there is a digest: its edits are spread over the minute.
    static let digestGap = 3_400

    /// Notes a call.
    mutating func note(callAt now: Int) {
        calls = recent(at: now) + [now]
    }

    /// Notes that the last call was answered: Telegram may have seen it as late as that.
    mutating func note(answerAt now: Int) {
        guard let last = calls.last, last < now else { return }
        calls[calls.count - 1] = now
    }

    /// Notes that Telegram asks for patience.
    mutating func rest(seconds: Int, from now: Int) {
        silentUntil = max(silentUntil, now + seconds * 1_000)
    }

    /// Milliseconds until the next call; `nil`: it may be made now.
    /// - Parameter hasDigest: many notices came a short time ago.
    func wait(at now: Int, hasDigest: Bool) -> Int? {
        // A clock that was set back by much says nothing of what Telegram wants.
        if silentUntil > now, silentUntil - now <= Self.longestSilence { return silentUntil - now }
        let recent = recent(at: now)
        guard let last = recent.last else { return nil }
        let isMany = hasDigest || recent.count >= Self.ordinary
        var next = last + (isMany ? Self.digestGap : Self.gap)
        if recent.count >= Self.most { next = max(next, recent[recent.count - Self.most] + Self.window) }
        return next > now ? next - now : nil
    }

    /// Whether what waits is to become a digest.
    func isBusy(at now: Int) -> Bool { recent(at: now).count >= Self.ordinary }

    /// The longest time that Telegram may ask for: two days.
    private static let longestSilence = 172_800_000

    /// Calls that are later than now were made by a clock that was set back since.
    private func recent(at now: Int) -> [Int] { calls.filter { $0 <= now && now - $0 < Self.window } }
}
