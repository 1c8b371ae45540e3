import Logging

/// Logs when a number comes near its limit, and when it falls again: once each time, however often it is counted.
struct LimitEdge: Sendable {
    private let what: String
    private let limit: Int
    private let setting: String
    private var isNear = false

    /// - Parameters:
    ///   - what: what is counted, as people say it: `gateways`.
    ///   - setting: the setting that sets the limit.
    init(_ what: String, limit: Int, setting: String) {
        self.what = what
        self.limit = limit
        self.setting = setting
    }

    /// Whether a number is at least nine tenths of the limit.
    private func isNear(_ count: Int) -> Bool { count >= limit - limit / 10 }

    /// Notes the current number.
    package mutating func note(_ count: Int, _ logger: Logger) {
        guard isNear(count) != isNear else { return }
        isNear.toggle()
        let metadata: Logger.Metadata = ["count": "\(count)", "limit": "\(limit)", "setting": "\(setting)"]
        if isNear {
            logger.warning("\(what): near the limit, beyond which new ones are refused", metadata: metadata)
        } else {
            logger.info("\(what): below nine tenths of the limit again", metadata: metadata)
        }
    }
}
