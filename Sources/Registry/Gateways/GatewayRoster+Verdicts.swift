import AdminAPI
import Text

extension GatewayRoster {
    /// Why an instance is down: the first gateway of a location whose verdicts count, and that has it down; `nil`: none
    /// has. Costs a look at each gateway of the location for each section.
    ///
    /// - Parameter sections: the sections in which instances are checked.
    func downReason(of service: String, sections: [String], at location: String) async -> String? {
        guard !sections.isEmpty else { return nil }
        await load()
        for id in ids(at: location) {
            guard let heard = report(of: id), let health = heard.report.health, health.isInForce,
                registry.uptime() - heard.uptime <= .seconds(AdminAPI.Limits.reportSilence)
            else { continue }
            for section in sections {
                if let down = health.down[ExactText("\(service)/\(section)")] {
                    return "\(id.name) has \(section) down: \(down.reason)"
                }
            }
        }
        return nil
    }
}
