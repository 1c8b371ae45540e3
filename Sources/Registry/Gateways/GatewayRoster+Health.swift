package import AdminAPI
import Cloud
import Logging
import Names
import Text

/// Which part of the health of real servers is wanted. What is `nil` lets everything through.
package struct HealthFilter: Sendable, Hashable {
    package var location: String?
    package var type: String?
    package var service: String?

    package init(location: String? = nil, type: String? = nil, service: String? = nil) {
        self.location = location
        self.type = type
        self.service = service
    }

    /// Whether it lets instances of a type through.
    fileprivate func allows(type name: String) -> Bool {
        type.map { $0.isExactly(name) } ?? true
            && service.map { ServiceName($0)?.type.isExactly(name) ?? false } ?? true
    }
}

extension GatewayRoster {
    /// What gateways say of the health of real servers. Costs a look at each gateway of the location, and at each
    /// instance that is down there.
    package func health(_ wanted: HealthFilter, in state: RegistryState) async throws -> HealthOverview {
        await load()
        let sections = state.cloud.types.values.filter { wanted.allows(type: $0.name) }.flatMap { type in
            type.configuration.gateway.filter { $0.options.check != nil }
                .map { HealthOverview.Section(type: type.name, section: $0.name) }
        }.sorted { ($0.type, $0.section) < ($1.type, $1.section) }
        var gateways: [HealthOverview.Gateway] = []
        var down: [(index: Int, value: HealthOverview.Down)] = []
        for id in ids(at: wanted.location) {
            let gateway = self.gateway(id)
            gateways.append(gateway)
            guard gateway.isInForce, let health = report(of: id)?.report.health else { continue }
            for (instance, verdict) in health.down {
                let parts = instance.wrappedValue.splitBytes("/", maxSplits: 1).map(String.init)
                guard parts.count == 2, let service = state.cloud.services[parts[0]],
                    wanted.allows(type: service.type), wanted.service.map(service.name.isExactly) ?? true
                else { continue }
                down.append(
                    (
                        service.index,
                        HealthOverview.Down(
                            service: service.name, section: parts[1], location: id.location, gateway: id.name,
                            target: verdict.target, since: verdict.since, reason: verdict.reason)
                    ))
            }
        }
        let types = state.cloud.services.mapValues(\.type)
        down.sort { one, other in
            let (a, b) = (one.value, other.value)
            if a.location != b.location { return a.location < b.location }
            let (type, otherType) = (types[a.service] ?? "", types[b.service] ?? "")
            if type != otherType { return type < otherType }
            return (one.index, a.section, a.gateway) < (other.index, b.section, b.gateway)
        }
        return HealthOverview(
            sections: sections, gateways: gateways, down: down.prefix(AdminAPI.Limits.listedDown).map(\.value),
            downCount: down.count)
    }

    private func gateway(_ id: GatewayID) -> HealthOverview.Gateway {
        guard let heard = report(of: id) else {
            return HealthOverview.Gateway(location: id.location, name: id.name, isInForce: false, isSilent: true)
        }
        let isSilent = registry.uptime() - heard.uptime > .seconds(AdminAPI.Limits.reportSilence)
        let health = heard.report.health
        return HealthOverview.Gateway(
            location: id.location, name: id.name, isInForce: !isSilent && health?.isInForce ?? false,
            isSilent: isSilent, targets: health?.targets ?? 0, unknown: health?.unknown ?? 0,
            downCount: health?.downCount ?? 0, isCut: health?.isCut ?? false, holdsUntil: health?.holdsUntil,
            reportedAt: Timestamp.text(heard.heard))
    }

    // MARK: Events

    /// Notes what a report changes in the verdicts of a gateway.
    func noteVerdicts(_ health: GatewayReport.Health?, of id: GatewayID, by actor: String) async {
        // If the state cannot be read, what is no longer down counts as up.
        let cloud = try? await registry.state().cloud
        guard report(of: id) != nil else { return }
        verdicts.take(health, of: id, by: actor, now: registry.now(), uptime: registry.uptime()) { instance in
            cloud?.isChecked(instance) ?? true
        }
    }

    /// Writes the events of verdicts. If they cannot be written now, they are tried again the next time.
    package func flushEvents() async {
        let (events, lost) = verdicts.takeWaiting(now: registry.now(), uptime: registry.uptime())
        guard !events.isEmpty else { return }
        do {
            try await registry.store.record(Observations(events: events))
            if lost > 0 {
                logger.warning("\(lost) events of health had no room while the registry could not be written")
            }
            await registry.listChanges.noteChange(of: .events)
        } catch {
            verdicts.putBack(events, lost: lost)
            logger.failure("events of health cannot be stored", error)
        }
    }
}

extension Cloud {
    /// Whether the export has an instance (`pgw.1/http`), and its section asks for a check.
    fileprivate func isChecked(_ instance: String) -> Bool {
        let parts = instance.splitBytes("/", maxSplits: 1).map(String.init)
        guard parts.count == 2, let service = services[parts[0]], effectiveState(of: service).state != .maint
        else { return false }
        return types[service.type]?.configuration.gateway
            .contains { $0.name.isExactly(parts[1]) && $0.options.check != nil } ?? false
    }
}
