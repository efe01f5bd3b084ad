SELECT at, works, worked FROM {site_worked:Identifier} WHERE site = {support:String}
