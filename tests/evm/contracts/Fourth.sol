// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Governor, IGovernor} from "openzeppelin-v4/governance/Governor.sol";
import {GovernorCountingSimple} from "openzeppelin-v4/governance/extensions/GovernorCountingSimple.sol";
import {GovernorPreventLateQuorum} from "openzeppelin-v4/governance/extensions/GovernorPreventLateQuorum.sol";
import {
    GovernorTimelockControl,
    TimelockController
} from "openzeppelin-v4/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes, IVotes} from "openzeppelin-v4/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction} from "openzeppelin-v4/governance/extensions/GovernorVotesQuorumFraction.sol";

/// OpenZeppelin 4.9: simple counting, a quorum of 4 % of the supply, a timelock.
contract FourthGovernor is
    Governor,
    GovernorCountingSimple,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorTimelockControl
{
    uint256 private immutable _delay;
    uint256 private immutable _period;

    constructor(string memory name_, IVotes token_, TimelockController timelock_, uint256 delay, uint256 period)
        Governor(name_)
        GovernorVotes(token_)
        GovernorVotesQuorumFraction(4)
        GovernorTimelockControl(timelock_)
    {
        (_delay, _period) = (delay, period);
    }

    function votingDelay() public view override returns (uint256) {
        return _delay;
    }

    function votingPeriod() public view override returns (uint256) {
        return _period;
    }

    function state(uint256 id) public view virtual override(Governor, GovernorTimelockControl) returns (ProposalState) {
        return super.state(id);
    }

    function _execute(uint256 id, address[] memory t, uint256[] memory v, bytes[] memory c, bytes32 d)
        internal
        virtual
        override(Governor, GovernorTimelockControl)
    {
        super._execute(id, t, v, c, d);
    }

    function _cancel(address[] memory t, uint256[] memory v, bytes[] memory c, bytes32 d)
        internal
        virtual
        override(Governor, GovernorTimelockControl)
        returns (uint256)
    {
        return super._cancel(t, v, c, d);
    }

    function _executor() internal view virtual override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }

    function supportsInterface(bytes4 id) public view virtual override(Governor, GovernorTimelockControl) returns (bool) {
        return super.supportsInterface(id);
    }
}

/// The same, and voting is extended when the quorum comes late.
contract FourthLateGovernor is FourthGovernor, GovernorPreventLateQuorum {
    constructor(
        string memory name_,
        IVotes token_,
        TimelockController timelock_,
        uint256 delay,
        uint256 period,
        uint64 extension
    ) FourthGovernor(name_, token_, timelock_, delay, period) GovernorPreventLateQuorum(extension) {}

    function proposalDeadline(uint256 id)
        public
        view
        override(Governor, IGovernor, GovernorPreventLateQuorum)
        returns (uint256)
    {
        return super.proposalDeadline(id);
    }

    function state(uint256 id) public view override(Governor, FourthGovernor) returns (ProposalState) {
        return super.state(id);
    }

    function supportsInterface(bytes4 id) public view override(Governor, FourthGovernor) returns (bool) {
        return super.supportsInterface(id);
    }

    function _castVote(uint256 id, address account, uint8 support, string memory reason, bytes memory params)
        internal
        override(Governor, GovernorPreventLateQuorum)
        returns (uint256)
    {
        return super._castVote(id, account, support, reason, params);
    }

    function _execute(uint256 id, address[] memory t, uint256[] memory v, bytes[] memory c, bytes32 d)
        internal
        override(Governor, FourthGovernor)
    {
        super._execute(id, t, v, c, d);
    }

    function _cancel(address[] memory t, uint256[] memory v, bytes[] memory c, bytes32 d)
        internal
        override(Governor, FourthGovernor)
        returns (uint256)
    {
        return super._cancel(t, v, c, d);
    }

    function _executor() internal view override(Governor, FourthGovernor) returns (address) {
        return super._executor();
    }
}
