import GatewaySync
import Logging
import Netlink
import NetworkTypes
import ServicesExport

extension Gateway {
    func audit(every interval: Duration) async {
        while !Task.isCancelled {
            await audit()
            guard !auditor.isWholeWanted else { continue }
            let alarm = Task { [sleep] in await sleep(interval) }
            auditor.alarm = alarm
            await withTaskCancellationHandler {
                await alarm.value
            } onCancel: {
                alarm.cancel()
            }
        }
    }

    /// Requests an audit of every real server, soon.
    func requestAudit() {
        auditor.isWholeWanted = true
        auditor.alarm?.cancel()
    }

    /// Audits what raises no events: the machine's settings, IPVS and its counters, public addresses.
    ///
    /// Works in slices, with polls and events in between. Cost: lists all virtual services, and reads the next share
    /// of their real servers (`Auditor.share`).
    func audit() async {
        guard !auditor.isRunning else { return }
        auditor.begin()
        defer { auditor.end() }
        let isWhole = auditor.isWholeWanted
        auditor.isWholeWanted = false
        auditor.sliceStart = clock.now
        assumeRole()
        guard synchronizer.reconciler.document != nil else {
            writeStatus()
            return
        }
        do {
            try auditSettings()
            traffic.table = try kernel.tableCounters()
            status.packets = GatewayStatus.Packets(traffic.table)
            try auditTable(isWhole: isWhole)
            if try await auditServices() { settle(since: clock.now, cause: .drift) }
            if try await auditServers(isWhole: isWhole) { settle(since: clock.now, cause: .drift) }
            if synchronizer.flowFault != nil { settle(since: clock.now) }
            try noteMissingAddresses()
            try noteEphemeralPorts()
            counters.audits += 1
            solved("audit")
        } catch {
            problem("audit", "the kernel cannot be looked at: \(error)")
            // If the kernel cannot be read, it is not known to agree with the export.
            synchronizer.forgetKernel()
            isSettled = false
        }
        writeStatus()
        writeMetrics()
    }

    /// Lets polls and events run once a slice is over.
    /// - Parameter count: how many entries were read since the last call.
    private func pause(after count: Int) async {
        guard auditor.isClockDue(after: count), clock.now - auditor.sliceStart >= Auditor.slice else { return }
        // A yield would not be enough: an event loop looks at its sockets only when no task is left to run.
        await sleep(.milliseconds(1))
        // An export arrives in hundreds of pieces, and a slice after each would delay it. `patience` limits the wait
        // for one that arrives slowly.
        let limit = clock.now + Auditor.patience
        while source.isReceiving, clock.now < limit, !Task.isCancelled { await sleep(.milliseconds(5)) }
        auditor.sliceStart = clock.now
    }

    // MARK: Settings

    /// What the export in force asks of the machine; before the first, what any export would.
    private var settingRequirements: [SettingRequirement] {
        synchronizer.reconciler.document == nil
            ? SettingRequirement.all(configuration, forwarding: [], isTracking: nil)
            : SettingRequirement.all(configuration, for: synchronizer.reconciler.desired)
    }

    /// Corrects the settings if the export asks for others than the one before. Comes before the packets that need them.
    func followRequirements() throws(NetlinkError) {
        guard settingRequirements != auditedRequirements else { return }
        hasSettings = false
        try auditSettings()
    }

    /// Corrects the settings that the data plane depends on.
    func auditSettings() throws(NetlinkError) {
        let requirements = settingRequirements
        auditedRequirements = requirements
        let (steps, deviations) = try kernel.bringIntoLine(requirements)
        if !steps.isEmpty, hasSettings { noteDrift(steps.map(\.description)) }
        for step in steps { logger.info("\(step)", metadata: ["event": "setting"]) }
        for deviation in deviations where !status.settings.contains(deviation) {
            logger.warning("\(deviation)", metadata: ["event": "setting"])
        }
        for deviation in status.settings where !deviations.contains(deviation) {
            logger.info("no longer: \(deviation.name) is \(deviation.found)", metadata: ["event": "setting"])
        }
        status.settings = deviations
        hasSettings = true
    }

    /// Logs the exported ports that the machine also assigns to its own connections. Cost: nothing, unless the export
    /// or the sysctls have changed.
    private func noteEphemeralPorts() throws(NetlinkError) {
        let (range, reserved) = (EphemeralPorts.rangeSysctl, EphemeralPorts.reservedSysctl)
        let found = try kernel.sysctls([range, reserved])
        guard let document = synchronizer.reconciler.document, let local = found[range] else { return }
        let known = EphemeralCheck(export: current, local: local, reserved: found[reserved] ?? "")
        guard known != ephemeralCheck else { return }
        ephemeralCheck = known
        guard let ports = EphemeralPorts(local: known.local, reserved: known.reserved) else { return }
        for conflict in ports.conflicts(with: document.groups) {
            let consequence =
                conflict.isHarmful
                ? "replies to those connections may go to real servers; put the ports into \(reserved)"
                : "the rules keep the replies to those connections here, and clients may not use such a port meanwhile"
            logger.warning(
                "\(conflict) is also given to this machine's own connections (\(range) is \(local)): \(consequence)",
                metadata: ["event": "ephemeral-ports"])
        }
    }

    // MARK: Our table

    /// The kernel announces changes of our table. If an announcement is missed, this comparison of flags, chains and
    /// rules finds the change; elements are compared only in a whole audit.
    private func auditTable(isWhole: Bool) throws {
        guard let known = synchronizer.reconciler.kernel else { return }
        guard try isWhole || kernel.tableShape() != known.table?.shape else { return }
        try synchronizer.readTable()
        settle(since: clock.now, cause: .drift)
    }

    /// Repairs other programs' changes to our table as soon as they happen.
    func followTable(_ changes: AsyncStream<Void>) async {
        var changes: AsyncStream<Void>? = changes
        while !Task.isCancelled {
            if let changes { for await _ in changes { tableChanged() } }
            guard !Task.isCancelled else { return }
            problem("events", "the kernel no longer tells of changes to nftables; listening anew")
            await sleep(.seconds(configuration.interval))
            changes = try? kernel.foreignTableChanges()
            guard changes != nil else { continue }
            solved("events")
            tableChanged()
        }
    }

    /// Handles another program's transaction that concerned our table.
    private func tableChanged() {
        guard synchronizer.reconciler.document != nil else { return }
        do {
            try synchronizer.readTable()
        } catch {
            // The next attempt reads the table, and reports the error.
            synchronizer.forgetKernel()
        }
        settle(since: clock.now, cause: .drift)
        writeStatus()
    }

    // MARK: Virtual services

    /// Lists all virtual services, and reads again those that differ, since the list is no snapshot.
    /// - Returns: whether other programs have changed anything.
    private func auditServices() async throws -> Bool {
        guard let known = synchronizer.reconciler.kernel?.services else { return true }
        let isCounting = known.count <= configuration.metricsLimit
        var doubtful = Set<IPVS.ServiceIdentity>()
        var unseen = Set(known.keys)
        var foreign = Set<IPVS.ServiceIdentity>()
        var counted = [IPVS.ServiceIdentity: IPVS.ServiceStatistics]()
        try kernel.beginListing()
        while let entries = try kernel.nextListed() {
            let reconciler = synchronizer.reconciler
            for entry in entries where reconciler.ownership.contains(entry.service.identity) {
                let service = entry.service.identity
                unseen.remove(service)
                if !reconciler.isOwn(service) {
                    foreign.insert(service)
                } else if reconciler.kernel?.services[service]?.settings != entry.service.settings {
                    doubtful.insert(service)
                }
                if isCounting { counted[service] = entry.statistics }
            }
            await pause(after: entries.count)
        }
        traffic.services = counted
        var hasDrifted = false
        for service in doubtful.union(unseen).sorted() {
            if try synchronizer.readService(service) { hasDrifted = true }
            await pause(after: Auditor.stride)
        }
        if try synchronizer.observe(foreign: foreign) { hasDrifted = true }
        noteForeignServices()
        return hasDrifted
    }

    // MARK: Real servers

    /// Reads the next share of the real servers.
    /// - Returns: whether other programs have changed any of them.
    private func auditServers(isWhole: Bool) async throws -> Bool {
        guard let services = synchronizer.reconciler.kernel?.services else { return true }
        let isCounting = synchronizer.reconciler.desired.serverCount <= configuration.metricsLimit
        traffic.servers = isCounting ? traffic.servers.filter { services[$0.key] != nil } : [:]
        auditor.beginRound(services.keys, isWhole: isWhole)
        var hasDrifted = false
        var left = isWhole ? Int.max : Auditor.share
        while left > 0, let service = auditor.next() {
            let servers = try readServers(of: service, isCounting: isCounting)
            left -= max(servers.count, 1)
            // The service may have been removed during the last pause.
            if let known = synchronizer.reconciler.kernel?.services[service], !known.hasServers(servers),
                try synchronizer.readService(service)
            {
                hasDrifted = true
            }
            await pause(after: servers.count + 1)
        }
        if auditor.isRoundOver { counters.auditRounds += 1 }
        return hasDrifted
    }

    private func readServers(
        of service: IPVS.ServiceIdentity, isCounting: Bool
    ) throws(NetlinkError) -> [IPVS.Destination] {
        guard isCounting else { return try kernel.servers(of: service) }
        let counted = try kernel.countedServers(of: service)
        traffic.servers[service] = counted.isEmpty ? nil : counted
        return counted.map(\.destination)
    }

    private func noteForeignServices() {
        let foreign = synchronizer.reconciler.foreign.sorted().map(\.description)
        for service in foreign where !status.foreignServices.contains(service) {
            let consequence =
                configuration.foreignServices == .report ? "it is left alone" : "it is drained and removed"
            logger.warning(
                "virtual service \(service) stands on an address of ours, but is none of ours: \(consequence)",
                metadata: ["event": "foreign-service"])
        }
        status.foreignServices = foreign
    }

    // MARK: Addresses

    private func noteMissingAddresses() throws(NetlinkError) {
        let missing = try kernel.notLocal(among: synchronizer.reconciler.desired.addresses).sorted().map(\.description)
        if missing != status.missingAddresses {
            if missing.isEmpty {
                logger.info("all public addresses are on this machine", metadata: ["event": "addresses-complete"])
            } else {
                logger.warning(
                    "public addresses that this machine does not have: \(missing.joined(separator: " "))",
                    metadata: ["event": "addresses-missing"])
            }
        }
        status.missingAddresses = missing
    }
}
