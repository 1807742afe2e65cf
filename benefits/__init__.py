"""What a member is entitled to: entitlements, quotas, coupons. Nothing yet; they join the aggregate here."""
