import Netlink

extension GatewayConfiguration {
    /// Makes the kernel play the current role: starts and stops sync daemons.
    ///
    /// Both the daemon and `portcullis-gateway role` do this, so that neither has to wait for the other. A process
    /// that finds another role when it has finished starts again, so the last one leaves the kernel in the role of
    /// the file.
    /// - Returns: the role, and the changes.
    public func assumeRole(on kernel: any Kernel) throws -> (role: GatewayRole, changes: [String]) {
        var changes = [String]()
        while true {
            let role = try currentRole()
            if sync.interface != nil {
                changes += try kernel.arrange(sync.wanted(as: role))
            }
            if try currentRole() == role { return (role, changes) }
        }
    }
}
