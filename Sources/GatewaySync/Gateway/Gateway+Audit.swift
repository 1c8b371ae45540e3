import Logging
import Netlink
import NetworkTypes

extension Gateway {
    func audit(every interval: Duration) async {
        while !Task.isCancelled {
            audit()
            await sleep(interval)
        }
    }

    /// Looks at what tells of no change by itself: IPVS, its counters, the machine's addresses.
    func audit() {
        assumeRole()
        guard synchronizer.reconciler.document != nil else { return }
        do {
            let (inventory, hasDrifted) = try synchronizer.audit()
            self.inventory = inventory
            counters.audits += 1
            if hasDrifted { settle(since: clock.now, cause: .drift) }
            noteForeignServices()
            try noteMissingAddresses()
            solved("audit")
        } catch {
            problem("audit", "the kernel cannot be looked at: \(error)")
        }
        writeStatus()
        writeMetrics()
    }

    /// Puts right what others change in our table, as soon as they have.
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

    /// Somebody else's transaction had to do with our table.
    private func tableChanged() {
        guard synchronizer.reconciler.document != nil else { return }
        synchronizer.forgetKernel()
        settle(since: clock.now, cause: .drift)
        writeStatus()
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

    private func noteMissingAddresses() throws(NetlinkError) {
        let local = try kernel.localAddresses()
        let missing = synchronizer.reconciler.desired.addresses.filter { !local.contains($0) }.sorted()
            .map(\.description)
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
