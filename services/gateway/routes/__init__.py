"""Routes by subject; GatewayService is made of them."""
