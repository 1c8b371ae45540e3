import Times
import AdminAPI
import Foundation
import Names
import Text

/// States for people, with the time that is left of those that end.
enum StateText {
    /// `drain, 118 min left`
    static func text(_ server: ServerResource) -> String { text(server.state ?? .ready, until: server.until) }

    /// The effective state, with whose it is if it is not the service's own: `drain (server), 118 min left`, and where it is
    /// being moved to: `ready, moving to app3`.
    static func text(_ service: ServiceResource, on server: ServerResource?) -> String {
        let effective = service.effectiveState
        let until = effective.origin == .server ? server?.until : service.until
        return effective.description + left(until) + (service.move.map { ", moving to \($0.to)" } ?? "")
    }

    static func text(_ state: ServiceState, until: String?) -> String { state.rawValue + left(until) }

    private static func left(_ until: String?) -> String {
        guard let until, let end = InternetTime.date(until) else { return "" }
        return ", \(ResourceTables.duration(end.timeIntervalSinceNow)) left"
    }
}

extension ServiceResource {
    /// What the export has of it, as far as ADMIN says.
    var effectiveState: EffectiveState { effective ?? EffectiveState(state, of: .service) }
}
