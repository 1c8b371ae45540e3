package import Cloud
package import Systemd

/// The unit of a service under systemd, as a value. It is transient: systemd has it in memory alone, from the one call
/// that makes and starts it until it has ended, so there is nothing that could be half written, or start by itself after
/// a reboot.
package struct ServiceUnit: Sendable, Hashable {
    package var name: String
    package var properties: [UnitProperty]

    package static func name(of service: String) -> String { "portcullis-service@\(service).service" }

    /// - Parameters:
    ///   - command: the keeper, which is the unit's main process, and its arguments.
    ///   - writable: the paths that are not read-only.
    ///   - stopTimeout: seconds that the program has for its end.
    ///   - lease: seconds; `nil`: none.
    package init(
        of service: String, command: [String], writable: [String], stopTimeout: Int, lease: Int?,
        limits: ServiceLimits?
    ) {
        name = Self.name(of: service)
        properties = [
            UnitProperty("Description", .text("Portcullis service \(service)")),
            UnitProperty("Documentation", .texts(["file:///usr/share/doc/portcullis/node.md"])),
            UnitProperty("Type", .text("exec")),
            UnitProperty("ExecStartEx", .commands([command])),
            UnitProperty("CollectMode", .text("inactive-or-failed")),
            // SIGTERM is for the keeper, which stops the program; when the keeper has ended, however it did, systemd
            // kills what is left of the cgroup.
            UnitProperty("KillMode", .text("mixed")),
            UnitProperty("TimeoutStopUSec", .number(UInt64(stopTimeout + Self.stopMargin) * 1_000_000)),
            // The keeper tells what became of the program.
            UnitProperty("OOMPolicy", .text("continue")),
        ]
        if let lease {
            // The keeper ends the lease. Should it hang, systemd ends the unit.
            properties += [
                UnitProperty("NotifyAccess", .text("main")),
                UnitProperty("WatchdogUSec", .number(UInt64(lease) * 1_000_000)),
                UnitProperty("WatchdogSignal", .signed(9)),
            ]
        }
        properties += Self.limits(limits) + Self.sandbox(writable)
    }

    /// Seconds that the keeper may take beyond the program's own time.
    private static let stopMargin = 15
    /// Files that a service without a limit may have open.
    private static let openFiles = 1 << 20
    /// Files that keeper and master may have open at least. A worker's own limit is the master's to set.
    private static let ownFiles = 8_192
    /// The keeper's and the master's threads are the unit's, too.
    private static let ownProcesses = 1 + MasterCommand.threads

    private static func limits(_ limits: ServiceLimits?) -> [UnitProperty] {
        let files = UInt64(max(limits?.openFiles ?? openFiles, ownFiles))
        var properties = [
            UnitProperty("LimitNOFILE", .number(files)),
            UnitProperty("LimitNOFILESoft", .number(files)),
            UnitProperty("TasksMax", .number(limits?.processes.map { UInt64($0 + ownProcesses) } ?? .max)),
        ]
        if let memory = limits?.memory {
            properties.append(UnitProperty("MemoryMax", .number(UInt64(memory))))
            // Otherwise a service beyond its limit fills the swap first.
            properties.append(UnitProperty("MemorySwapMax", .number(0)))
        }
        if let share = limits?.cpu {
            properties.append(UnitProperty("CPUQuotaPerSecUSec", .number(UInt64(share) * 10_000)))
        }
        return properties
    }

    /// What no service may do unless a drop-in of portcullis-service@.service takes it back.
    private static func sandbox(_ writable: [String]) -> [UnitProperty] {
        [
            "NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectClock", "ProtectControlGroups",
            "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "RestrictRealtime",
            "RestrictSUIDSGID", "LockPersonality",
        ].map { UnitProperty($0, .flag(true)) } + [
            UnitProperty("ProtectSystem", .text("strict")),
            UnitProperty("ProtectHome", .text("yes")),
            UnitProperty("ReadWritePaths", .texts(writable)),
            UnitProperty("KeyringMode", .text("private")),
            UnitProperty("UMask", .mask(0o022)),
            // None.
            UnitProperty("RestrictNamespaces", .number(0)),
            UnitProperty(
                "RestrictAddressFamilies",
                .filter(isAllowed: true, ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"])),
            UnitProperty("SystemCallArchitectures", .texts(["native"])),
            UnitProperty("SystemCallFilter", .filter(isAllowed: true, ["@system-service"])),
            UnitProperty("SystemCallErrorNumber", .signed(1)),
            // For the keeper, which gives the program a user and ends what the program has started. The program has none
            // of them as a user of its own.
            UnitProperty("CapabilityBoundingSet", .number([5, 6, 7].reduce(0) { $0 | 1 << $1 })),
        ]
    }
}
