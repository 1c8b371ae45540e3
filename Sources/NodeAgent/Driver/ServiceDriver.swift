/// What starts services and holds them together.
package enum ServiceDriver: String, Sendable, Hashable {
    /// Each service is a unit of systemd, with a cgroup of its own.
    case systemd
    /// Each service is a process of its keeper, and no more.
    case process
}

/// The setting `driver`.
package enum DriverSetting: String, Sendable, Hashable, CaseIterable {
    case auto, systemd, process
}

/// The driver of an agent, chosen when it starts.
package struct DriverChoice: Sendable, Hashable {
    package var driver: ServiceDriver
    /// Why it is not the one that might be expected; `nil`: it is.
    package var problem: String?

    /// What of a machine decides.
    package struct Machine: Sendable, Hashable {
        package var isRoot: Bool
        /// Whether systemd is process 1.
        package var isBooted: Bool
        /// Why systemd does not answer; `nil`: it does, or was not asked.
        package var silence: String?

        package init(isRoot: Bool, isBooted: Bool, silence: String? = nil) {
            self.isRoot = isRoot
            self.isBooted = isBooted
            self.silence = silence
        }
    }

    /// Chooses.
    ///
    /// - Throws: if the setting is `systemd`, and it cannot be.
    package init(_ setting: DriverSetting, _ machine: Machine) throws(LaunchError) {
        let reason: String?
        if !machine.isBooted {
            reason = "systemd is not process 1 of this machine"
        } else if !machine.isRoot {
            reason = "portcullis-node is not root"
        } else {
            reason = machine.silence
        }
        switch (setting, reason) {
        case (.process, _): driver = .process
        case (_, nil): driver = .systemd
        case (.systemd, let reason?): throw LaunchError("driver: systemd cannot be used: \(reason)")
        case (.auto, let reason?):
            driver = .process
            // Without root or systemd nobody expects units.
            if machine.isRoot, machine.isBooted { problem = "services are started without systemd: \(reason)" }
        }
    }
}
