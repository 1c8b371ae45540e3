import Glibc
import MasterLink
import Supervision

/// The beginning of a master: it takes over the workers of an earlier one, or starts the first.
extension Master {
    /// How long the first workers wait for ADMIN's word on their configuration, in milliseconds.
    private static let configurationPatience = 5_000

    /// - Parameter link: where ADMIN's word comes from; `nil`: from nowhere.
    func begin(_ link: LinkSettings?) {
        let found = findWorkers()
        guard found.isEmpty else {
            // Without a state file nothing says that they have another one.
            if saved == nil { noteConfiguration() }
            perform(supervisor.adopt(found, saved: saved, at: .now))
            endDeadWorkers(found)
            if FileWatch.identity(of: settings.configuration) != configuration { feed(.configurationTouched) }
            if let desk, let tag = desk.unsettledTag {
                // The earlier master was killed before its workers had taken it.
                feed(.ordered(.reload, ticket: desk.ticket(.configuration(tag))))
            }
            return
        }
        let taken = store.hasInheritance ? nil : sockets.taken()
        for number in settings.numbers {
            guard let problem = taken ?? sockets.open(number) else { continue }
            supervisor.cannotBegin(problem, at: .now)
            exitStatus = Supervisor.statusCannotStart
            return
        }
        let state = saved?.wasStopping == true ? nil : saved
        // A token that ADMIN is yet to give would be waited for in vain where there is no ADMIN.
        guard state == nil, let link, link.hasToken else { return startWorkers(state) }
        supervisor.hold(at: .now)
        heldUntil = Moment.now.milliseconds + min(Self.configurationPatience, settings.startTimeout / 2)
    }

    /// Starts the workers that waited for ADMIN's word.
    func release() {
        guard heldUntil != nil else { return }
        heldUntil = nil
        startWorkers(nil)
    }

    /// Starts the workers although ADMIN has not said anything in time.
    func releaseInTime() {
        guard let heldUntil, heldUntil <= Moment.now.milliseconds else { return }
        Log.say("ADMIN has not answered in time: workers start with the configuration that is there")
        release()
    }

    private func startWorkers(_ state: SavedState?) {
        noteConfiguration()
        desk?.workersStart()
        perform(supervisor.adopt([], saved: state, at: .now))
    }
}
