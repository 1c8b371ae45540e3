import Netlink

extension GatewayConfiguration {
    /// Makes the kernel play the role in force: sync daemons and what they need.
    ///
    /// Both the daemon and `portcullis-gateway role` do this, so that neither has to wait for the other: whoever finds
    /// another role when it is done begins anew, and the last one leaves what the file says.
    /// - Returns: the role, and what was changed.
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
