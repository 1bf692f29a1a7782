// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

/// What a batch may call: one function for each way to end.
contract Target {
    error TooLate(uint256 deadline, address caller);

    uint256 public value;
    mapping(uint256 => uint256) private _filled;

    function set(uint256 value_) external payable {
        value = value_;
    }

    function failWithText() external pure {
        revert("Target: the vault is closed");
    }

    function failWithError(uint256 deadline) external view {
        revert TooLate(deadline, msg.sender);
    }

    function failWithPanic(uint256 divisor) external pure returns (uint256) {
        return 1 / divisor;
    }

    function failSilently() external pure {
        assembly {
            revert(0, 0)
        }
    }

    function fill(uint256 slots) external {
        for (uint256 i = 0; i < slots; i++) {
            _filled[i] = block.number + 1;
        }
    }
}
